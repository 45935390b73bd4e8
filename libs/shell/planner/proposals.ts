import { asFairleadError, type FairleadError, type JsonObject } from '@fairlead/core/model';
import {
  decideProposal,
  keyOfRelease,
  type EntryDecision,
  type KeptProposal,
  type Obstacle,
  type Offer,
  type ProposalDecision,
} from '@fairlead/core/releases';
import type { Forge, PullRequest } from '@fairlead/ports/forge';
import type { Change, Guard } from '@fairlead/ports/store';
import { draftPromotion, type DraftGround, type LedgerDraft } from './drafts.ts';
import type { EntryOutcome } from './entry.ts';
import { releaseOf, type UnitView } from './observe.ts';
import type { PlannerPorts } from './ports.ts';
import { openPull, proposedLine, subjectOf } from './pulls.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Round } from './round.ts';
import { asksPeople, unitOfKey, type Unit } from './units.ts';

/** Something to do about the pull request of a unit. */
export interface Proposal {
  readonly unit: Unit;
  readonly step: Exclude<ProposalDecision['do'], 'Nothing'>;
  readonly kept?: KeptProposal;
  /** What is asked for; there where it is opened. */
  readonly asks?: {
    readonly draft: LedgerDraft;
    readonly offer: Offer;
    readonly over?: KeptProposal['over'];
  };
}

/** A hub that cannot ask must not promote. */
const cannotAsk: Obstacle = {
  reason: 'LedgerUnwritable',
  message:
    'The ledger wants promotions as pull requests, and this hub was given no forge to open them at: start it with --forge, or set the mode to Commit.',
};

/** What is decided for a unit whose promotions are asked for: nothing of its entry enters by itself. */
export async function askFor(
  round: Round,
  by: { readonly view: UnitView; readonly entry: EntryOutcome; readonly ground: DraftGround },
): Promise<{ readonly entry: EntryOutcome; readonly proposal?: Proposal }> {
  const { view, entry, ground } = by;
  const { unit, file, attempt } = view;
  if (round.ports.forge === undefined) return { entry: { ...entry, decision: unasked(entry.decision) } };
  const kept = (await round.ports.store.fact(keptKey(unit))) as unknown as KeptProposal | undefined;
  const decided = decideProposal({
    entry: entry.decision,
    ...(file === undefined ? {} : { current: keyOfRelease(releaseOf(file)) }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(kept === undefined ? {} : { kept }),
    nowMs: round.nowMs,
  });
  const asked: EntryOutcome = { ...entry, decision: decided.entry };
  if (decided.do === 'Nothing') return { entry: asked };
  const { enter: offer } = entry.decision;
  const asks =
    decided.do === 'Open' && offer !== undefined
      ? {
          draft: await draftPromotion(ground, { view, offer, from: entry.from }),
          offer,
          ...(attempt === undefined ? {} : { over: attempt }),
        }
      : undefined;
  return {
    entry: asked,
    proposal: { unit, step: decided.do, ...(kept && { kept }), ...(asks && { asks }) },
  };
}

function unasked({ enter, ...decision }: EntryDecision): EntryDecision {
  return enter === undefined ? decision : { ...cannotAsk, about: enter };
}

/** Pull requests of units, of all that there are, where nobody is asked any more: the pipeline, or the mode, has changed. */
export async function leftOver(round: Round, units: readonly Unit[]): Promise<Proposal[]> {
  if (round.ports.forge === undefined) return [];
  const keys = new Set(units.filter((unit) => asksPeople(round.snapshot, unit)).map(keptKey));
  const all = await round.ports.store.facts(prefix);
  return [...all].flatMap(([key, value]): Proposal[] => {
    if (keys.has(key)) return [];
    const kept = value as unknown as KeptProposal;
    return [{ unit: unitOfKey(key.slice(prefix.length)), step: kept.state === 'Open' ? 'Close' : 'Forget', kept }];
  });
}

interface Asking {
  readonly snapshot: FleetSnapshot;
  readonly proposals: readonly Proposal[];
  readonly nowMs: number;
  readonly guard: Guard;
}

/** Does at the forge what was decided. Returns the units of which more is known now, and what kept the rest from it. */
export async function carryOut(
  ports: Pick<PlannerPorts, 'repository' | 'forge' | 'store'>,
  { proposals, ...by }: Asking,
): Promise<{ readonly moved: readonly Unit[]; readonly problem?: FairleadError }> {
  const { forge, store, repository } = ports;
  if (forge === undefined) return { moved: [] };
  const moved: Unit[] = [];
  let problem: FairleadError | undefined;
  for (const proposal of proposals) {
    try {
      const changes = await change(proposal, { ...by, repository, forge });
      await store.write(changes, by.guard);
      moved.push(proposal.unit);
    } catch (thrown) {
      problem ??= asFairleadError(thrown, { reason: 'LedgerUnwritable' });
    }
  }
  return { moved, ...(problem && { problem }) };
}

interface AtForge extends Omit<Asking, 'proposals'>, Pick<PlannerPorts, 'repository'> {
  readonly forge: Forge;
}

async function change({ unit, step, kept, asks }: Proposal, by: AtForge): Promise<Change[]> {
  const { forge, snapshot, nowMs } = by;
  const keep = (value: KeptProposal): Change => ({
    put: 'fact',
    key: keptKey(unit),
    value: value as unknown as JsonObject,
  });
  const forget: Change = { drop: 'fact', key: keptKey(unit) };
  switch (step) {
    case 'Open': {
      if (!asks) return [];
      const { draft, offer, over } = asks;
      const branch = `fairlead/${unit.key}`;
      const pull = await openPull(by, snapshot, { branch, draft, body: bodyOf(unit, { draft, offer }) });
      const release = keyOfRelease(offer.release);
      return [
        keep({ ...standing(pull, nowMs), release, ...(over && { over }) }),
        proposedLine(unit, { atMs: nowMs, reason: 'WaitsForMerge', message: `${subjectOf(draft)}: ${pull.url}` }),
      ];
    }
    case 'Look': {
      if (!kept) return [];
      const pull = await forge.look(kept.number);
      const now = { ...kept, ...standing(pull, nowMs) };
      const declined = kept.state === 'Open' && now.state === 'Closed';
      const message = `Somebody closed ${kept.url} without merging it.`;
      return [
        keep(now),
        ...(declined ? [proposedLine(unit, { atMs: nowMs, reason: 'ProposalDeclined', message })] : []),
      ];
    }
    case 'Close':
      if (kept) await forge.close(kept.number, 'The release is no candidate for this environment any more.');
      return [forget];
    case 'Forget':
      return [forget];
  }
}

/** A merged one is open for as long as the ledger does not have it: its push is on the way. */
function standing(
  { number, url, state }: PullRequest,
  nowMs: number,
): Pick<KeptProposal, 'number' | 'url' | 'state' | 'lookedAtMs'> {
  return { number, url, state: state === 'Closed' ? 'Closed' : 'Open', lookedAtMs: nowMs };
}

const prefix = 'proposal:';

function keptKey({ key }: Unit): string {
  return `${prefix}${key}`;
}

/** What people judge by: the release, its gates, and what a merge does. */
function bodyOf(unit: Unit, { draft, offer }: { draft: LedgerDraft; offer: Offer }): string {
  const gates = offer.gates.map(({ gate, verdict, message }) => `- ${gate}: ${message}${said(verdict)}`);
  const [, ...rest] = draft.message.trimEnd().split('\n\n');
  return [
    `Merging this gives ${unit.application} **${offer.release.version}** to ${unit.environment}, by the waves and limits of its policy. Closing it declines the release there; a newer one asks again.`,
    ...(gates.length === 0 ? [] : [`Gates:\n${gates.join('\n')}`]),
    ...rest,
  ].join('\n\n');
}

/** Nothing else than an approval can be open here. */
function said(verdict: Offer['gates'][number]['verdict']): string {
  return verdict === 'Passed' ? '' : ' **Whoever merges this approves it.**';
}
