import { wordTrailer, type Trailer, type Word } from '@fairlead/core/documents';
import { FairleadError, type Reason } from '@fairlead/core/model';
import { candidateKey, keyOfRelease, type Offer } from '@fairlead/core/releases';
import { mayBeSame, whyNotCounted, type ApprovalGate } from '@fairlead/core/rollout';
import type { CommitDraft } from '@fairlead/ports/repository';
import { commitMessage, type DraftGround } from './drafts.ts';
import { decideUnitEntry } from './entry.ts';
import { approvalsOf, gatesOf, saidOf, type Entry } from './evidence.ts';
import type { Author } from './ports.ts';
import type { Round } from './round.ts';
import type { Unit } from './units.ts';

/** What a person says of a candidate; `release` is a digest or version, without it the newest that may be looked at. */
export interface Saying {
  readonly unit: Unit;
  readonly release?: string;
  readonly reason?: string;
}

/** The empty commit by which a person approves a candidate. Throws `FairleadError` where it would count for nothing. */
export async function draftApproval(round: Round, ground: DraftGround, saying: Saying): Promise<CommitDraft> {
  const { unit } = saying;
  const { at, offer } = await candidateFor(round, { saying, verb: 'approve' });
  const gates = gatesOf(round, at).filter((gate): gate is ApprovalGate => 'approval' in gate);
  const what = `${offer.release.version} for ${unit.key}`;
  if (gates.length === 0) throw refused(`Cannot approve ${what}: no gate there asks for it.`, unit);
  const evidence = approvalsOf(round, { at, ...offer });
  const person = ground.author;
  const why = gates.map((gate) => whyNotCounted(gate, { person, evidence }));
  if (why.every((text) => text !== undefined)) throw mayNot(`Cannot approve ${what}: ${why[0]}.`, unit);
  if (evidence.given.some((other) => mayBeSame(other, person))) {
    throw refused(`Cannot approve ${what}: ${person.name} has approved it already.`, unit, 'NothingToDo');
  }
  return draftWord({ word: 'Approve', saying, offer, author: person });
}

/** The empty commit by which a person lets a paused candidate go on. Throws `FairleadError` where nothing pauses it. */
export async function draftResumption(round: Round, ground: DraftGround, saying: Saying): Promise<CommitDraft> {
  const { unit } = saying;
  const { at, offer } = await candidateFor(round, { saying, verb: 'resume' });
  const isPaused = gatesOf(round, at).some((gate) => 'pause' in gate);
  if (!isPaused || saidOf(round, { kind: 'Resume', at, ...offer }).length > 0) {
    const what = `${offer.release.version} for ${unit.key}`;
    throw refused(`Cannot resume ${what}: nothing is halted or held there, and no gate pauses it.`, unit);
  }
  return draftWord({ word: 'Resume', saying, offer, author: ground.author });
}

/** The candidate that is meant. Throws `FairleadError`, saying why there is none. */
async function candidateFor(
  round: Round,
  { saying: { unit, release }, verb }: { saying: Saying; verb: string },
): Promise<{ at: Entry; offer: Offer }> {
  const found = await decideUnitEntry(round, await round.observe(unit));
  if (found === undefined) throw refused(`Cannot ${verb} anything for ${unit.key}: no pipeline leads there.`, unit);
  const { decision, offers, at } = found;
  const offer =
    release === undefined
      ? decision.about
      : offers.find((one) => one.release.digest === release || one.release.version === release);
  if (offer === undefined) {
    const offered = offers.map((one) => one.release.version).join(', ') || 'none';
    const now = release === undefined ? decision.message : `it is not offered; current candidates: ${offered}.`;
    throw refused(`Cannot ${verb} ${release ?? 'anything'} for ${unit.key}: ${now}`, unit);
  }
  const key = keyOfRelease(offer.release);
  if ((round.snapshot.named.get(unit.key) ?? []).some((named) => candidateKey(named) === key)) {
    throw refused(`Cannot ${verb} ${offer.release.version} for ${unit.key}: it has been there already.`, unit);
  }
  return { at, offer };
}

interface Spoken {
  readonly word: Word['kind'];
  readonly saying: Saying;
  readonly offer: Offer;
  readonly author: Author;
}

function draftWord({ word, saying: { unit, reason }, offer, author }: Spoken): CommitDraft {
  const { release } = offer;
  const trailers: Trailer[] = [
    wordTrailer({ kind: word, unit: unit.key, candidate: keyOfRelease(release) }),
    ...(reason === undefined ? [] : [['Fairlead-Reason', reason] as const]),
  ];
  const subject = `${word} ${unit.application} ${release.version} for ${unit.environment}`;
  return { message: commitMessage(subject, trailers), files: new Map(), author };
}

function refused(message: string, { application, environment }: Unit, reason: Reason = 'NoCandidate'): FairleadError {
  return new FairleadError(`${message} See \`fairlead why ${application} ${environment}\`.`, {
    code: 'FailedPrecondition',
    reason,
    subject: { application, environment },
  });
}

function mayNot(message: string, { application, environment }: Unit): FairleadError {
  return new FairleadError(`${message} Ask somebody else to.`, {
    code: 'PermissionDenied',
    reason: 'MayNotApprove',
    subject: { application, environment },
  });
}
