import {
  asFairleadError,
  type FairleadError,
  type ApplicationId,
  type CommitSha,
  type JsonObject,
} from '@fairlead/core/model';
import type { AssignmentRow, Change, Guard } from '@fairlead/ports/store';
import { rowsOfPlan, giveOut } from './assign.ts';
import { silenceOf, type Gap } from '@fairlead/core/connection';
import {
  draftHalt,
  draftPromotion,
  draftRemoval,
  draftRollback,
  oneAfterTheOther,
  type DraftGround,
  type LedgerDraft,
} from './drafts.ts';
import type { EntryOutcome } from './entry.ts';
import {
  afterEpoch,
  draftEpoch,
  draftMembers,
  keepMembers,
  loadEnrolments,
  loadHub,
  nextEpoch,
  type EpochStep,
} from './hub.ts';
import { decidedOf, keepDecision, keptOf } from './journal.ts';
import type { UnitView } from './observe.ts';
import { explainPolicies } from './policies.ts';
import { askFor, carryOut, leftOver, type Proposal } from './proposals.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import { behind, ledgerElsewhere } from './refusals.ts';
import { isInEpoch, openRound, type HubState, type Round, type Workshop } from './round.ts';
import { askForStops, tidyStops } from './stops.ts';
import { asksPeople, chosenUnits, unitsAbout, type Unit } from './units.ts';
import { carryOutVerifications } from './verifications/act.ts';
import { nextWithdrawal } from './withdraw.ts';

/** What a round is asked to look at. */
export interface RoundRequest {
  readonly snapshot: FleetSnapshot;
  readonly units: 'all' | ReadonlySet<string>;
  /** False while the head cannot be followed: nothing is committed then. */
  readonly mayCommit: boolean;
  /** True until the hub's epoch was settled once. */
  readonly starting: boolean;
  /** When this planner began: what was said since was said to the store as it is. */
  readonly beganAtMs: number;
  /** Since when the planner hears without a break. */
  readonly hearsSinceMs?: number;
  /** The last time in which nothing could be heard. */
  readonly gap?: Gap | undefined;
  readonly fence: number;
  /** What an earlier round of this planner pushed and could not tell the store. */
  readonly owed?: EpochStep;
}

/** What a round came to. */
export interface RoundResult {
  /** The ledger has moved: what it touched is to be looked at again. */
  readonly moved: 'all' | ReadonlySet<string> | undefined;
  /** The head that this round pushed. */
  readonly pushed?: CommitSha;
  /** Milliseconds after which a unit wants to be looked at again, by its key. */
  readonly rechecks: ReadonlyMap<string, number>;
  /** The units that were looked at, by key: the state that was decided. */
  readonly looked: ReadonlyMap<string, string>;
  readonly problem?: FairleadError;
  /** The ledger has this epoch by this round's push, and the store could not be told. */
  readonly owed?: EpochStep;
  readonly settled: boolean;
  /** Milliseconds that looking, deciding and giving out took; without what git took. */
  readonly tookMs: number;
}

interface UnitOutcome {
  readonly view: UnitView;
  readonly state: string;
  readonly rows: readonly AssignmentRow[];
  readonly changes: readonly Change[];
  readonly draft: LedgerDraft | undefined;
  readonly proposal: Proposal | undefined;
  readonly recheckAfterMs: number | undefined;
}

/** How soon a unit that met a failure is looked at again. */
const retryAfterMs = 30_000;

/** What a round comes to that looks at no unit. */
const nothing = { looked: new Map<string, string>(), rechecks: new Map<string, number>(), settled: false, tookMs: 0 };

/** One round: look, decide, write to the store, push to the ledger, ask people. */
export async function runRound(workshop: Workshop, request: RoundRequest): Promise<RoundResult> {
  const { ports, options } = workshop;
  const { snapshot } = request;
  const elsewhere = ledgerElsewhere(workshop, snapshot);
  const nowMs = ports.clock.now();
  const guard: Guard = { fence: request.fence };
  const ground: DraftGround = { repository: ports.repository, snapshot, author: options.author };

  // Observe.
  const hub = await loadHub(ports.store);
  const silence = silenceOf(snapshot.documents.fleet);
  const { hearsSinceMs, gap } = request;
  const round = await openRound({ workshop, snapshot, nowMs, hub, silence, hearsSinceMs, gap });

  // Settle the epoch before anything else: without it nothing is given out.
  const owed = owedEpoch(request, hub);
  const step =
    owed ??
    nextEpoch(hub, {
      ledgerEpoch: snapshot.ledger.epoch,
      members: snapshot.ledger.members.size,
      starting: request.starting,
      rows: [...round.clusters.values()],
    });
  if (elsewhere !== undefined) return { ...nothing, moved: undefined, problem: elsewhere };
  if (step !== undefined) return raiseEpoch(workshop, { request, ground, step, nowMs, isPushed: owed !== undefined });

  // Decide.
  const enrolments = await loadEnrolments(ports.store);
  const facts = await workshop.board.members();
  const members = keepMembers({ snapshot, facts }, { enrolments, rows: round.clusters });
  // A head names everything that a cluster runs: who has just said what that is, is looked at for every unit at once.
  const about = workshop.board.hasNewWord() ? 'all' : request.units;
  const units = isInEpoch(round) ? chosenUnits(snapshot, about) : [];
  const outcomes = await decideUnits(round, { units, ground });

  // Act: what the ledger says already is given out before what is new is pushed.
  const write = writerOf(workshop, guard);
  const explained = about === 'all' ? await explainPolicies(ports, { snapshot, nowMs }) : [];
  await write([...members, ...explained, ...outcomes.flatMap((outcome) => outcome.changes)]);
  if (isInEpoch(round)) {
    const rows = outcomes.flatMap((outcome) => outcome.rows);
    for await (const given of giveOut(round, rows)) await write(given);
  }
  const tookMs = Math.max(0, ports.clock.now() - nowMs);
  const joined = await draftJoined(round, { ground, enrolments });
  const removals = await draftRemovals(round, { units, ground });
  const wanted = [...(joined ? [joined] : []), ...outcomes.flatMap(({ draft }) => draft ?? []), ...removals];
  const drafts = oneAfterTheOther(snapshot, wanted);
  const pushed = request.mayCommit && drafts.length > 0 ? await push(workshop, { snapshot, drafts, nowMs, guard }) : {};
  const decided = outcomes.flatMap(({ proposal }) => proposal ?? []);
  // Only who has looked at every unit knows which pull requests belong to none.
  const rest = units.length > 0 && about === 'all' ? await leftOver(round, units) : [];
  const proposals = request.mayCommit ? [...decided, ...rest] : [];
  const asked = await carryOut(ports, { snapshot, proposals, nowMs, guard });
  const refused = pushed.problem?.reason === 'LedgerUnwritable' ? drafts : [];
  const stops = await askForStops(ports, { snapshot, drafts: refused, nowMs, guard });
  const untidy = about === 'all' ? await tidyStops(ports, { snapshot, nowMs, guard }) : undefined;

  // Report.
  return {
    moved: pushed.moved === 'all' ? 'all' : movedUnits(pushed.moved, asked.moved),
    ...(pushed.head === undefined ? {} : { pushed: pushed.head }),
    looked: new Map(outcomes.map(({ view, state }) => [view.unit.key, state])),
    rechecks: rechecksOf(outcomes, { problem: pushed.problem, asked }),
    ...problemOf(pushed.problem ?? asked.problem ?? stops ?? untidy ?? behind(round)),
    settled: isInEpoch(round),
    tookMs,
  };
}

/** Who gives nothing out takes nobody in: the hub that does would wait for a cluster that it cannot hear. */
async function draftJoined(
  round: Round,
  { ground, enrolments }: { ground: DraftGround; enrolments: Awaited<ReturnType<typeof loadEnrolments>> },
): Promise<LedgerDraft | undefined> {
  return isInEpoch(round) ? draftMembers(ground, { enrolments, rows: round.clusters }) : undefined;
}

/** Writes as the leader, and notes on the board what was written. */
function writerOf({ ports, board }: Workshop, guard: Guard): (changes: readonly Change[]) => Promise<void> {
  return async (changes) => {
    if (changes.length === 0) return;
    await ports.store.write(changes, guard);
    board.wrote(changes);
  };
}

/** How many units are decided between two turns of the event loop, in which others get theirs. */
const unitsAtATime = 8;

async function decideUnits(
  round: Round,
  { units, ground }: { units: readonly Unit[]; ground: DraftGround },
): Promise<UnitOutcome[]> {
  const outcomes: UnitOutcome[] = [];
  for (let at = 0; at < units.length; at += unitsAtATime) {
    const some = units.slice(at, at + unitsAtATime);
    outcomes.push(...(await Promise.all(some.map((unit) => decideUnit(round, { unit, ground })))));
  }
  return outcomes;
}

/** The epoch that the ledger has by this planner's own push, where the store does not know of it. */
function owedEpoch({ owed, snapshot }: RoundRequest, hub: HubState): EpochStep | undefined {
  return owed !== undefined && owed.epoch === snapshot.ledger.epoch && hub.epoch !== owed.epoch ? owed : undefined;
}

/** A step of the epoch, and the round that takes it. */
interface EpochRaise {
  readonly request: RoundRequest;
  readonly ground: DraftGround;
  readonly step: EpochStep;
  readonly nowMs: number;
  /** The ledger has it already; only the store is to be told. */
  readonly isPushed: boolean;
}

async function raiseEpoch(workshop: Workshop, raise: EpochRaise): Promise<RoundResult> {
  const { request, ground, step, isPushed } = raise;
  if (!request.mayCommit) return { ...nothing, moved: undefined };
  try {
    const draft = await draftEpoch(ground, step);
    const pushed = isPushed || (await workshop.ports.repository.push(request.snapshot.head, [draft])).pushed;
    if (!pushed) return { ...nothing, moved: 'all' };
    const problem = await tellEpoch(workshop, raise, draft);
    if (problem !== undefined) return { ...nothing, moved: undefined, owed: step, problem };
    return { ...nothing, moved: 'all', settled: true };
  } catch (thrown) {
    return { ...nothing, moved: undefined, problem: asFairleadError(thrown, { reason: 'LedgerUnwritable' }) };
  }
}

/** Tells the store of the epoch that the ledger has. Returns what kept it from hearing: then nobody else tells it. */
async function tellEpoch(
  { ports, options, board }: Workshop,
  { request, step, nowMs }: EpochRaise,
  { about }: LedgerDraft,
): Promise<FairleadError | undefined> {
  const { starting, beganAtMs, fence } = request;
  const event: Change = { put: 'event', row: { atMs: nowMs, type: about.type, ...about.trouble } };
  try {
    const { restored = () => [] } = options;
    const after = await afterEpoch(ports.store, { step, sinceMs: starting ? nowMs : beganAtMs, starting, restored });
    await ports.store.write([...after, event], { fence });
    board.mark('all');
    return undefined;
  } catch (thrown) {
    return asFairleadError(thrown);
  }
}

/** One unit: its plan, what may enter, the rows and the one commit that follow. */
async function decideUnit(round: Round, { unit, ground }: { unit: Unit; ground: DraftGround }): Promise<UnitOutcome> {
  const view = await round.observe(unit);
  const decidedEntry = await round.entry(unit);
  round.checks?.ask(decidedEntry?.questions ?? []);
  const { entry, proposal } =
    decidedEntry !== undefined && asksPeople(round.snapshot, unit)
      ? await askFor(round, { view, entry: decidedEntry, ground })
      : { entry: decidedEntry, proposal: undefined };
  const before = await keptOf(round.ports.store, unit.key);
  const verifying = await carryOutVerifications(round, view);
  const decided = decidedOf(view, { entry: entry?.decision, nowMs: round.nowMs });
  const memory = view.plan?.memory;
  const remembered = memory !== undefined && JSON.stringify(memory) !== JSON.stringify(view.input?.memory);
  const kept: Change[] = remembered
    ? [{ put: 'fact', key: `rollout:${unit.key}`, value: memory as unknown as JsonObject }]
    : [];
  return {
    view,
    state: decided.state,
    rows: [...rowsOfPlan(round, view), ...verifying.rows],
    changes: [
      ...kept,
      ...verifying.changes,
      ...(entry?.keep ?? []),
      ...keepDecision(view, { decided, entry, before, nowMs: round.nowMs }),
    ],
    draft: await draftFor(ground, { view, entry }),
    proposal,
    recheckAfterMs: soonest([
      view.plan?.recheckAfterMs,
      entry?.decision.recheckAfterMs,
      view.silenceAfterMs,
      verifying.recheckAfterMs,
      renderAgain(view),
    ]),
  };
}

/** A failed render is tried again, since what it lacked may lie outside of git. */
function renderAgain({ input }: UnitView): number | undefined {
  return input?.clusters.some(({ goal }) => goal.kind === 'Unknown') ? retryAfterMs : undefined;
}

async function draftFor(
  ground: DraftGround,
  { view, entry }: { view: UnitView; entry: EntryOutcome | undefined },
): Promise<LedgerDraft | undefined> {
  const { unit, file, attempt, plan, fallback, policy } = view;
  if (plan?.halt !== undefined && file !== undefined && attempt !== undefined) {
    const { cause, ...halt } = plan.halt;
    if (policy.onFailure === 'Rollback' && fallback !== undefined) {
      return draftRollback(ground, { unit, file, fallback: fallback.file, cause, message: halt.message });
    }
    return draftHalt(ground, { unit, file, attempt, halt });
  }
  const offer = entry?.decision.enter;
  return offer === undefined ? undefined : draftPromotion(ground, { view, offer, from: entry?.from ?? [] });
}

async function draftRemovals(
  round: Round,
  { units, ground }: { units: readonly Unit[]; ground: DraftGround },
): Promise<LedgerDraft[]> {
  const applications = new Set<ApplicationId>(units.map(({ application }) => application));
  const drafts: LedgerDraft[] = [];
  for (const application of applications) {
    const next = await nextWithdrawal(round, application);
    if (next !== undefined && 'cause' in next) drafts.push(draftRemoval(ground, next));
  }
  return drafts;
}

/** One push for all; a lost race means that everything is decided again from the new head. */
async function push(
  { ports }: Workshop,
  {
    snapshot,
    drafts,
    nowMs,
    guard,
  }: { snapshot: FleetSnapshot; drafts: readonly LedgerDraft[]; nowMs: number; guard: Guard },
): Promise<Pick<RoundResult, 'problem'> & { moved?: 'all' | ReadonlySet<string>; head?: CommitSha }> {
  try {
    const result = await ports.repository.push(snapshot.head, drafts);
    if (!result.pushed) return { moved: 'all' };
    const events = drafts.map((draft, index): Change => {
      const { type, unit, trouble } = draft.about;
      const attempt = result.commits[index];
      const place = unit === undefined ? {} : { application: unit.application, environment: unit.environment };
      return {
        put: 'event',
        row: { atMs: nowMs, type, ...trouble, ...place, ...(attempt === undefined ? {} : { attempt }) },
      };
    });
    await ports.store.write(events, guard);
    const head = result.commits.at(-1);
    return { moved: movedBy(snapshot, drafts), ...(head === undefined ? {} : { head }) };
  } catch (thrown) {
    return { problem: asFairleadError(thrown, { reason: 'LedgerUnwritable' }) };
  }
}

/** Every unit of the applications that a push was about; all of them when it changed members. */
function movedBy(snapshot: FleetSnapshot, drafts: readonly LedgerDraft[]): 'all' | ReadonlySet<string> {
  if (drafts.some(({ about }) => about.unit === undefined)) return 'all';
  return unitsAbout(snapshot, new Set(drafts.flatMap(({ about }) => about.unit?.application ?? [])));
}

function movedUnits(pushed: ReadonlySet<string> | undefined, asked: readonly Unit[]): ReadonlySet<string> | undefined {
  return asked.length === 0 ? pushed : new Set([...(pushed ?? []), ...asked.map(({ key }) => key)]);
}

function rechecksOf(
  outcomes: readonly UnitOutcome[],
  by: { readonly problem: FairleadError | undefined; readonly asked: Awaited<ReturnType<typeof carryOut>> },
): Map<string, number> {
  const failed = (outcome: UnitOutcome): boolean =>
    (by.problem !== undefined && outcome.draft !== undefined) ||
    (by.asked.problem !== undefined && outcome.proposal !== undefined);
  return new Map(
    outcomes.flatMap((outcome) => {
      const afterMs = soonest([outcome.recheckAfterMs, failed(outcome) ? retryAfterMs : undefined]);
      return afterMs === undefined ? [] : [[outcome.view.unit.key, afterMs] as const];
    }),
  );
}

function problemOf(problem: FairleadError | undefined): { readonly problem?: FairleadError } {
  return problem === undefined ? {} : { problem };
}

function soonest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
