import { acknowledgementTrailer, ledgerFile, writeMember, type Acknowledgement } from '@fairlead/core/documents';
import {
  FairleadError,
  type ApplicationId,
  type ClusterName,
  type CommitSha,
  type EnvironmentName,
  type ReleaseFile,
} from '@fairlead/core/model';
import type { Offer, ReleaseRef } from '@fairlead/core/releases';
import type { RolloutMemory } from '@fairlead/core/rollout';
import type { CommitDraft } from '@fairlead/ports/repository';
import { silenceOf } from '@fairlead/core/connection';
import { commitMessage, draftFile, draftPromotion, draftRollback, type DraftGround } from './drafts.ts';
import { decideUnitEntry } from './entry.ts';
import { loadHub } from './hub.ts';
import { openWorkshop, type Planner } from './planner.ts';
import type { Author, PlannerOptions, PlannerPorts } from './ports.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import { openRound, type Round, type Workshop } from './round.ts';
import { entryOf, unitOf, type Unit } from './units.ts';
import { draftApproval, draftResumption } from './words.ts';

/** One application in one environment. */
export interface Place {
  readonly application: ApplicationId;
  readonly environment: EnvironmentName;
}

/** The ledger commit that an action became. */
export interface Done {
  readonly commit: CommitSha;
}

/** What people do, each a commit on the ledger under their name. All throw `FairleadError`. */
export interface PeopleActions {
  /** Without `release` the newest offer, whatever its gates say: a person answers for it. `release` is a digest or version. */
  promote(request: Place & { readonly release?: string; readonly reason?: string }, author: Author): Promise<Done>;
  /** Says yes to a candidate, by default the newest; `release` is a digest or version. */
  approve(request: Place & { readonly release?: string; readonly reason?: string }, author: Author): Promise<Done>;
  rollback(request: Place & { readonly reason: string }, author: Author): Promise<Done>;
  hold(request: Place & { readonly reason: string }, author: Author): Promise<Done>;
  /** Takes a halt and a hold away; where there is neither, lets the candidate go on that a gate pauses. */
  resume(request: Place & { readonly reason?: string }, author: Author): Promise<Done>;
  acknowledge(request: Acknowledgement, author: Author): Promise<Done>;
  /** `reason` undefined thaws. */
  freeze(request: { readonly cluster: ClusterName; readonly reason?: string }, author: Author): Promise<Done>;
  /** Ends a membership; workloads stay. */
  clusterRemove(request: { readonly cluster: ClusterName }, author: Author): Promise<Done>;
}

/** How often an action that lost a race is decided again. */
const attempts = 5;

type Decide = (round: Round, ground: DraftGround) => Promise<CommitDraft>;

/** Who reads the head for actions, and looks at it anew after them; the planner, or whoever stands for it. */
export type Follower = Pick<Planner, 'refresh' | 'plan'>;

/** Makes the actions; after each the planner looks at the new head before they resolve. */
export function peopleActions(
  ports: PlannerPorts,
  options: PlannerOptions & { readonly planner: Follower },
): PeopleActions {
  const workshop = openWorkshop(ports, options);
  const { planner } = options;
  const act = (author: Author, decide: Decide): Promise<Done> => commit(workshop, { planner, author, decide });
  return {
    promote: (request, author) => act(author, (round, ground) => promotion(round, ground, request)),
    approve: ({ application, environment, ...rest }, author) =>
      act(author, (round, ground) => draftApproval(round, ground, { unit: unitOf(application, environment), ...rest })),
    rollback: (request, author) => act(author, (round, ground) => rollback(round, ground, request)),
    hold: (request, author) => act(author, (round, ground) => hold(round, ground, request)),
    resume: (request, author) => act(author, (round, ground) => resume(round, ground, request)),
    freeze: (request, author) => act(author, (round, ground) => freeze(round, ground, request)),
    clusterRemove: ({ cluster }, author) => act(author, (round) => removal(round, { cluster, author })),
    acknowledge: (request, author) => acknowledge(ports, { request, author, planner }),
  };
}

interface Act {
  readonly planner: Follower;
  readonly author: Author;
  readonly decide: Decide;
}

async function commit(workshop: Workshop, { planner, author, decide }: Act): Promise<Done> {
  const { repository } = workshop.ports;
  for (let left = attempts; left > 0; left -= 1) {
    const snapshot = await planner.refresh();
    const round = await roundAt(workshop, snapshot);
    const draft = await decide(round, { repository, snapshot, author });
    const result = await repository.push(snapshot.head, [draft]);
    if (result.pushed) return done(result.commits, planner);
  }
  throw lostRace();
}

/** A rewritten head cannot be read before it is acknowledged, so this looks at the head alone. */
async function acknowledge(
  { repository }: PlannerPorts,
  { request, author, planner }: { request: Acknowledgement; author: Author; planner: Follower },
): Promise<Done> {
  for (let left = attempts; left > 0; left -= 1) {
    const head = await repository.fetch();
    const message = commitMessage(`Acknowledge ${request.kind} ${request.subject}`, [acknowledgementTrailer(request)]);
    const result = await repository.push(head, [{ message, files: new Map(), author }]);
    if (result.pushed) return done(result.commits, planner);
  }
  throw lostRace();
}

async function hold(
  round: Round,
  ground: DraftGround,
  request: Parameters<PeopleActions['hold']>[0],
): Promise<CommitDraft> {
  const { reason, ...place } = request;
  const { unit, file } = fileOf(round, place, 'hold');
  const held: ReleaseFile = { ...file, spec: { ...file.spec, hold: { by: ground.author.name, reason } } };
  return edit(ground, { unit, file: held, word: 'Hold', reason });
}

async function resume(
  round: Round,
  ground: DraftGround,
  request: Parameters<PeopleActions['resume']>[0],
): Promise<CommitDraft> {
  const { reason, application, environment } = request;
  const why = reason === undefined ? {} : { reason };
  const unit = unitOf(application, environment);
  const { ports, snapshot } = round;
  const memory = (await ports.store.fact(`rollout:${unit.key}`)) as unknown as RolloutMemory | undefined;
  const now = snapshot.ledger.releases.get(unit.key)?.spec;
  if (now?.halted === undefined && now?.hold === undefined && memory?.halted === undefined) {
    return draftResumption(round, ground, { unit, ...why });
  }
  const { file } = fileOf(round, request, 'resume');
  const { halted: _halted, hold: _hold, ...spec } = file.spec;
  await forgiveUncommitted(ports, { unit, memory });
  return edit(ground, { unit, file: { ...file, spec }, word: 'Resume', ...why });
}

async function freeze(
  { snapshot }: Round,
  { repository, author }: DraftGround,
  { cluster, reason }: Parameters<PeopleActions['freeze']>[0],
): Promise<CommitDraft> {
  const word = reason === undefined ? 'Thaw' : 'Freeze';
  const member = memberOf(snapshot, cluster, word.toLowerCase());
  const { frozen: _, ...spec } = member.spec;
  const frozen = reason === undefined ? {} : { frozen: { by: author.name, reason } };
  const path = ledgerFile(snapshot.ledgerPath, { kind: 'Member', name: cluster });
  const previous = await repository.file(snapshot.head, path);
  const text = writeMember({ ...member, spec: { ...spec, ...frozen } }, previous?.text);
  const trailers = reason === undefined ? [] : [['Fairlead-Reason', reason] as const];
  return { message: commitMessage(`${word} ${cluster}`, trailers), files: new Map([[path, text]]), author };
}

async function removal(
  { snapshot }: Round,
  { cluster, author }: { cluster: ClusterName; author: Author },
): Promise<CommitDraft> {
  memberOf(snapshot, cluster, 'remove');
  const path = ledgerFile(snapshot.ledgerPath, { kind: 'Member', name: cluster });
  return { message: commitMessage(`Remove ${cluster}`, []), files: new Map([[path, null]]), author };
}

async function done(commits: readonly CommitSha[], planner: Follower): Promise<Done> {
  const commit = commits.at(-1);
  if (commit === undefined) throw lostRace();
  await planner.plan({ head: true, units: [] });
  return { commit };
}

/** One look at the world, over a head that was read for it. */
export async function roundAt(workshop: Workshop, snapshot: FleetSnapshot): Promise<Round> {
  const { store, clock } = workshop.ports;
  const hub = await loadHub(store);
  // No bell reaches this board: it is read anew for each of people's actions.
  workshop.board.mark('all');
  return openRound({ workshop, snapshot, nowMs: clock.now(), hub, silence: silenceOf(snapshot.documents.fleet) });
}

/** A halt that could not be written down has no file to take it from: the store forgets it. */
async function forgiveUncommitted(
  { store }: PlannerPorts,
  { unit, memory }: { unit: Unit; memory: RolloutMemory | undefined },
): Promise<void> {
  if (memory?.halted === undefined || memory.halted.committed) return;
  const value = { ...memory, halted: { ...memory.halted, committed: true } };
  await store.write([{ put: 'fact', key: `rollout:${unit.key}`, value: value as unknown as Record<string, never> }]);
}

async function promotion(
  round: Round,
  ground: DraftGround,
  request: Parameters<PeopleActions['promote']>[0],
): Promise<CommitDraft> {
  const unit = unitOf(request.application, request.environment);
  if (entryOf(round.snapshot, unit) === undefined) {
    throw refused(
      `Cannot promote into ${unit.key}: no pipeline leads there. Add ${unit.environment} to the pipeline of ${unit.application}.`,
      unit,
    );
  }
  const view = await round.observe(unit);
  const found = await decideUnitEntry(round, view);
  const offer = request.release === undefined ? found?.decision.about : await namedOffer(round, unit, request.release);
  if (offer === undefined) {
    const now = found?.decision.message ?? 'there is no candidate';
    throw refused(
      `Cannot promote ${request.release ?? 'anything'} into ${unit.key}: ${now} Name a release by digest or version; see \`fairlead history\`.`,
      unit,
    );
  }
  const { reason } = request;
  return draftPromotion(ground, { view, offer, from: found?.from ?? [], ...(reason === undefined ? {} : { reason }) });
}

/** A release that some environment of the application ever named. Gates were not asked. */
export async function namedOffer(round: Round, unit: Unit, word: string): Promise<Offer | undefined> {
  for (const [key, history] of round.snapshot.named) {
    if (!key.endsWith(`/${unit.application}`)) continue;
    const named = history.find(({ digest, version }) => digest === word || version === word);
    const environment = key.slice(0, key.indexOf('/'));
    const from = unitOf(unit.application, environment);
    const file = named && (await round.pinned.release(round.snapshot, { unit: from, commit: named.commit }));
    if (file === undefined) continue;
    const { version, digest, definition, sources, renderer, authors } = file.spec;
    const release: ReleaseRef = { version, digest, definition, sources, renderer };
    return { release, gates: [], ...(authors === undefined ? {} : { authors }) };
  }
  return undefined;
}

async function rollback(
  round: Round,
  ground: DraftGround,
  { reason, ...place }: Parameters<PeopleActions['rollback']>[0],
): Promise<CommitDraft> {
  const { unit, file } = fileOf(round, place, 'roll back');
  const { fallback } = await round.observe(unit);
  if (fallback === undefined || fallback.file.spec.digest === file.spec.digest) {
    throw refused(
      `Cannot roll back ${unit.key}: no other release has completed a rollout there yet. Promote a release by hand.`,
      unit,
      'NoFallback',
    );
  }
  return draftRollback(ground, { unit, file, fallback: fallback.file, cause: reason, message: reason });
}

function edit(
  ground: DraftGround,
  { unit, file, word, reason }: { unit: Unit; file: ReleaseFile; word: string; reason?: string },
): Promise<CommitDraft> {
  const trailers = reason === undefined ? [] : [['Fairlead-Reason', reason] as const];
  const about = { type: word, unit, trouble: { reason: 'Current', message: reason ?? word } } as const;
  return draftFile(ground, {
    unit,
    file,
    subject: `${word} ${unit.application} in ${unit.environment}`,
    trailers,
    about,
  });
}

function fileOf(
  { snapshot }: Round,
  { application, environment }: Place,
  verb: string,
): { unit: Unit; file: ReleaseFile } {
  const unit = unitOf(application, environment);
  const file = snapshot.ledger.releases.get(unit.key);
  if (file !== undefined && !snapshot.ledger.brokenReleases.has(unit.key)) return { unit, file };
  throw refused(
    `Cannot ${verb} ${unit.key}: the ledger has no file for it that can be read. See \`fairlead status\`.`,
    unit,
  );
}

function memberOf({ ledger }: FleetSnapshot, cluster: ClusterName, verb: string) {
  const member = ledger.members.get(cluster);
  if (member !== undefined) return member;
  throw new FairleadError(
    `Cannot ${verb} ${cluster}: the ledger names no such member. See \`fairlead cluster list\`.`,
    {
      code: 'NotFound',
      reason: 'NotAMember',
      subject: { cluster },
    },
  );
}

function refused(
  message: string,
  { application, environment }: Unit,
  reason: 'NoCandidate' | 'NoFallback' = 'NoCandidate',
): FairleadError {
  return new FairleadError(message, { code: 'FailedPrecondition', reason, subject: { application, environment } });
}

function lostRace(): FairleadError {
  return new FairleadError(`Cannot commit: the ledger moved ${attempts} times meanwhile. Try again.`, {
    code: 'Aborted',
    reason: 'LedgerConflict',
    retry: 'backoff',
  });
}
