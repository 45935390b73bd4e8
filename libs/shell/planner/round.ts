import type { ClusterName, CommitSha } from '@fairlead/core/model';
import type { ClusterRow } from '@fairlead/ports/store';
import type { Gap, SilencePolicy } from '@fairlead/core/connection';
import type { ApplicationRows, Board } from './board.ts';
import type { CheckRunner } from './checks/runner.ts';
import type { Arrivals } from './arrivals.ts';
import type { Departures } from './departures.ts';
import type { Goals } from './goals.ts';
import type { Pinned } from './pinned.ts';
import type { PlannerOptions, PlannerPorts } from './ports.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import { decideUnitEntry, type EntryOutcome } from './entry.ts';
import { observe, type UnitView } from './observe.ts';
import type { Unit } from './units.ts';
import type { VerificationView } from './verifications/evidence.ts';
import { lookAtVerifications } from './verifications/look.ts';

/** What the hub knows of itself. */
export interface HubState {
  /** Of the store; undefined before the first start is through. */
  readonly epoch?: number;
  /** When the store was found lost or restored; what was heard before does not count. Milliseconds since 1970. */
  readonly recoveredAtMs?: number;
}

/** What lasts from pass to pass. */
export interface Workshop {
  readonly ports: PlannerPorts;
  readonly options: PlannerOptions;
  readonly board: Board;
  readonly pinned: Pinned;
  readonly goals: Goals;
  readonly arrivals: Arrivals;
  readonly departures: Departures;
  /** Of who leads only. */
  readonly checks?: CheckRunner;
}

/** One look at the world: everything in it is of one head and one moment. */
export interface Round extends Workshop {
  readonly snapshot: FleetSnapshot;
  readonly nowMs: number;
  readonly hub: HubState;
  readonly silence: SilencePolicy;
  /** Since when this planner hears what clusters say; undefined where nothing is judged by it. Milliseconds since 1970. */
  readonly hearsSinceMs?: number | undefined;
  /** The last time in which nothing could be heard; it makes nobody silent. */
  readonly gap?: Gap | undefined;
  readonly clusters: ReadonlyMap<ClusterName, ClusterRow>;
  rowsOf(application: Unit['application']): Promise<ApplicationRows>;
  /** Each unit is looked at once a round. */
  observe(unit: Unit): Promise<UnitView>;
  /** What may enter a unit is decided once a round. */
  entry(unit: Unit): Promise<EntryOutcome | undefined>;
  /** The verifications that run in a unit are looked at once a round. */
  verifications(unit: Unit): Promise<VerificationView | undefined>;
}

/** What a round starts from. */
export interface RoundStart extends Pick<Round, 'snapshot' | 'nowMs' | 'hub' | 'silence' | 'hearsSinceMs' | 'gap'> {
  readonly workshop: Workshop;
}

/** Opens a round; rows are read when they are first asked for. */
export async function openRound({ workshop, ...start }: RoundStart): Promise<Round> {
  const clusters = await workshop.board.clusters(start);
  const applications = new Map<string, Promise<ApplicationRows>>();
  const views = new Map<string, Promise<UnitView>>();
  const entries = new Map<string, Promise<EntryOutcome | undefined>>();
  const verifications = new Map<string, Promise<VerificationView | undefined>>();
  const round: Round = {
    ...workshop,
    ...start,
    clusters,
    rowsOf: (application) => remember(applications, application, () => workshop.board.rowsOf(application)),
    observe: (unit) => remember(views, unit.key, () => observe(round, unit)),
    entry: (unit) => remember(entries, unit.key, async () => decideUnitEntry(round, await round.observe(unit))),
    verifications: (unit) => remember(verifications, unit.key, () => lookAtVerifications(round, unit)),
  };
  return round;
}

function remember<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

/** Whether the hub may give anything out: its store is of the epoch that the ledger names. */
export function isInEpoch({ hub, snapshot }: Pick<Round, 'hub' | 'snapshot'>): boolean {
  return hub.epoch !== undefined && hub.epoch === snapshot.ledger.epoch;
}

/** Twelve digits of a commit, for messages. */
export function shortSha(commit: CommitSha): string {
  return commit.slice(0, 12);
}
