import { connectionOf } from '@fairlead/core/connection';
import { asFairleadError, type CommitSha, type Connection, type FairleadError } from '@fairlead/core/model';
import type { Payload } from '@fairlead/ports/bus';
import type { ClusterRow } from '@fairlead/ports/store';
import { untold, type Causes, type Steps } from '@fairlead/ports/steps';
import { silenceOf } from '@fairlead/core/connection';
import { openBoard } from './board.ts';
import { startChecks } from './checks/runner.ts';
import { findArrivals } from './arrivals.ts';
import { findDepartures } from './departures.ts';
import { readPlacements } from './past.ts';
import { findGoals } from './goals.ts';
import type { EpochStep } from './hub.ts';
import { keptOf, type Kept } from './journal.ts';
import { takeLead } from './lead.ts';
import { runRound, type RoundResult } from './pass.ts';
import { readPinned } from './pinned.ts';
import type { PlannerOptions, PlannerPorts } from './ports.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Workshop } from './round.ts';
import { unitsAbout } from './units.ts';

/** What is asked for: the head, units by key, or with neither everything, the rows of the store read anew. */
export interface Marking {
  readonly head?: boolean;
  readonly units?: Iterable<string> | 'all';
}

/** The planner at work. */
export interface Planner {
  /** Asks for a pass; resolves when one that began after the call is over. A new head marks everything. */
  plan(what?: Marking): Promise<void>;
  /** The fleet repository as it was read last. */
  current(): FleetSnapshot | undefined;
  /** Reads the head of the fleet repository; one reading at a time. Throws what the reader throws. */
  refresh(): Promise<FleetSnapshot>;
  /** What keeps the planner from following git or writing to it now. */
  troubles(): readonly FairleadError[];
  /** The last word on a unit, by its key, and where its clusters stand. */
  decided(key: string): Promise<Kept>;
  connection(row: ClusterRow | undefined): Connection;
  /** How many units are in each state, as it was decided last. */
  states(): Readonly<Record<string, number>>;
  /** True once the epoch was settled and the members were written down for gateways. */
  settled(): boolean;
  /** Whether a pass is due or under way, how many are over, well or not, and how many units they looked at. */
  progress(): { readonly hasWork: boolean; readonly steps: number; readonly units: number };
  /** Takes no new work and resolves when the pass under way is over. */
  close(): Promise<void>;
}

/** How often one pass may look again because the ledger moved; what is left then waits a moment. */
const roundsPerPass = 12;
/** How soon work that failed is tried again. */
const retryAfterMs = 10_000;
/** Rows of applications that are kept in memory: assignments and statuses. */
const keptRows = 400_000;
/**
 * After a pass the loop rests for so many times as long as the pass took, within the bound: a storm of reports is a few
 * passes, and whoever else runs in the process gets most of it. A small fleet's pass takes a millisecond.
 */
const rest = { times: 3, mostMs: 2_000 };

type Units = ReadonlySet<string> | 'all';

/**
 * Starts to plan: once over everything, then whatever events mark. One pass at a time; all events since are one pass;
 * the only timer is the one that the decisions themselves ask for.
 */
export function startPlanner(ports: PlannerPorts, options: PlannerOptions): Planner {
  const loop = new Loop(ports, options);
  loop.start();
  return loop;
}

/** The planner's rooms for tools: what lasts from pass to pass. */
export function openWorkshop(ports: PlannerPorts, options: PlannerOptions): Workshop {
  const pinned = readPinned(ports.repository);
  const goals = findGoals(ports, pinned);
  const board = openBoard(ports.store, { maxRows: keptRows });
  const past = readPlacements(ports.repository);
  return {
    ports,
    options,
    board,
    pinned,
    goals,
    arrivals: findArrivals(ports.repository, past),
    departures: findDepartures(ports.repository, past),
  };
}

class Loop implements Planner {
  private readonly ports: PlannerPorts;
  private readonly workshop: Workshop;
  private readonly rechecks = new Map<string, number>();
  private readonly stops: (() => void)[] = [];
  private headMarked = true;
  private marked: Set<string> | 'all' = 'all';
  private problems: readonly FairleadError[] = [];
  private running: Promise<void> | undefined;
  private reading: Promise<unknown> = Promise.resolve();
  private cancel: (() => void) | undefined;
  private starting = true;
  private readonly beganAtMs: number;
  private closed = false;
  private fence: number | undefined;
  /** The head over which everything was planned, and what the hub itself pushed since. */
  private planned: CommitSha | undefined;
  private readonly steps: Steps;
  private readonly causes: Causes;
  private passes = 0;
  private unitsLooked = 0;
  private unitStates = new Map<string, string>();
  /** Since when rows could be read, and bells heard, without a break. */
  private hearsSinceMs: number | undefined;
  /** The epoch that was pushed and that the store could not be told of. */
  private owed: EpochStep | undefined;
  private restUntilMs = 0;
  private urgent = true;
  private wake = (): void => undefined;

  constructor(ports: PlannerPorts, options: PlannerOptions) {
    this.ports = ports;
    const { checks, forge, store, clock } = ports;
    this.workshop = {
      ...openWorkshop(ports, options),
      checks: startChecks({ checks, forge, store, clock }, this),
    };
    this.beganAtMs = ports.clock.now();
    this.steps = ports.steps ?? untold;
    this.causes = this.steps.gather();
  }

  start(): void {
    this.stops.push(...subscribe(this.ports, this));
    this.kick();
  }

  async plan(what: Marking = {}): Promise<void> {
    if (this.closed) return;
    this.urgent = true;
    this.wake();
    if (what.units === undefined && !what.head) this.workshop.board.mark('all');
    this.report(what);
    for (let work = this.running; work !== undefined; work = this.running) await work;
  }

  /** As {@link plan}, in the loop's own time. */
  report(what: Marking): void {
    if (this.closed) return;
    this.causes.add();
    this.mark(what);
    this.kick();
  }

  /** Clusters said something: their rows are read again, and what is about their applications is planned. */
  heard({ clusters, applications }: Payload<'statuses'>): void {
    this.workshop.board.mark(clusters.length === 0 ? 'all' : { clusters, applications });
    this.report({ units: about(this.current(), applications) });
  }

  /** A server gave an answer to a gate of the unit, by its key. */
  answered(unit: string): void {
    this.report({ units: [unit] });
  }

  /** An answer could not be kept: the question is open still. */
  onError(thrown: unknown): void {
    this.problems = [asFairleadError(thrown)];
    this.again('all');
    this.kick();
  }

  /** What was not heard until now is held against nobody. */
  deaf(): void {
    this.hearsSinceMs = undefined;
  }

  current(): FleetSnapshot | undefined {
    return this.ports.reader.current();
  }

  refresh(): Promise<FleetSnapshot> {
    const next = this.reading.then(() => this.ports.reader.refresh());
    this.reading = next.catch(() => undefined);
    return next;
  }

  troubles(): readonly FairleadError[] {
    return this.problems;
  }

  decided(key: string): Promise<Kept> {
    return keptOf(this.ports.store, key);
  }

  connection(row: ClusterRow | undefined): Connection {
    const policy = silenceOf(this.current()?.documents.fleet);
    return connectionOf(row, { nowMs: this.ports.clock.now(), policy }).connection;
  }

  states(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const state of this.unitStates.values()) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  settled(): boolean {
    return !this.starting;
  }

  progress(): { hasWork: boolean; steps: number; units: number } {
    const hasWork = this.running !== undefined || this.hasWork();
    return { hasWork, steps: this.passes, units: this.unitsLooked };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake();
    this.cancel?.();
    this.workshop.checks?.close();
    for (const stop of this.stops) stop();
    await this.running;
  }

  private mark({ head = false, units }: Marking): void {
    this.headMarked ||= head;
    if (units === 'all' || (units === undefined && !head)) this.marked = 'all';
    else if (this.marked !== 'all') for (const key of units ?? []) this.marked.add(key);
  }

  private hasWork(): boolean {
    return !this.closed && (this.headMarked || this.marked === 'all' || this.marked.size > 0);
  }

  private kick(): void {
    this.running ??= this.work().finally(() => {
      this.running = undefined;
      if (this.hasWork()) this.kick();
    });
  }

  private async work(): Promise<void> {
    for (let ok = true; ok && this.hasWork();) {
      await this.rest();
      const taken = { head: this.headMarked, units: this.marked };
      this.headMarked = false;
      this.marked = new Set();
      try {
        await this.steps.run('plan', () => this.pass(taken), { cause: this.causes.take(), quiet: true });
      } catch (thrown) {
        // Whatever it was, the work is still to be done.
        this.problems = [asFairleadError(thrown)];
        this.workshop.board.mark('all');
        this.deaf();
        this.again(taken.units);
        ok = false;
      } finally {
        this.passes += 1;
        this.workshop.options.passed?.();
      }
    }
    this.arm();
  }

  /** Waits until the loop has rested from its last pass, or something came that waits for nothing. */
  private async rest(): Promise<void> {
    const { clock } = this.ports;
    const forMs = this.restUntilMs - clock.now();
    if (forMs > 0 && !this.urgent && !this.closed) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(forMs, resolve);
        this.wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.urgent = false;
  }

  private async pass(taken: { head: boolean; units: Units }): Promise<void> {
    this.fence ??= this.workshop.options.fence ?? (await takeLead(this.ports.store));
    const found: FairleadError[] = [];
    let tookMs = 0;
    let snapshot = await this.read(taken.head || this.current() === undefined, found);
    let units: Units = snapshot?.head === this.planned ? taken.units : 'all';
    for (let round = 0; snapshot !== undefined && round < roundsPerPass && !this.closed; round += 1) {
      const mayCommit = found.length === 0;
      const { starting, beganAtMs, fence, owed } = this;
      if (this.ports.hears?.() === false) this.deaf();
      this.hearsSinceMs ??= this.ports.clock.now();
      const gap = this.workshop.options.away?.();
      const since = { beganAtMs, hearsSinceMs: Math.max(this.hearsSinceMs, gap?.untilMs ?? 0), gap };
      const request = { snapshot, units, mayCommit, starting, ...since, fence, ...(owed && { owed }) };
      const result: RoundResult = await runRound(this.workshop, request);
      this.owed = result.settled ? undefined : (result.owed ?? this.owed);
      tookMs += result.tookMs;
      this.keepStates(result, units);
      if (result.settled) this.starting = false;
      if (result.problem !== undefined) found.push(result.problem);
      this.keepRechecks(result);
      this.planned = result.pushed ?? snapshot.head;
      if (result.moved === undefined) break;
      snapshot = await this.read(true, found);
      // Somebody else's commits may have come along with ours.
      units = snapshot?.head === this.planned ? result.moved : 'all';
      // A ledger that moves this often under one pass is not raced any further at once.
      if (round === roundsPerPass - 1) this.again(units);
    }
    this.restUntilMs = this.ports.clock.now() + Math.min(rest.mostMs, rest.times * tookMs);
    if (found.length > 0) this.again(units);
    this.problems = found;
  }

  /** The head, or the last one that could be read. */
  private async read(fetch: boolean, found: FairleadError[]): Promise<FleetSnapshot | undefined> {
    if (!fetch) return this.current();
    try {
      return await this.refresh();
    } catch (thrown) {
      found.push(asFairleadError(thrown, { reason: 'SourceUnavailable' }));
      return this.current();
    }
  }

  private again(units: Units): void {
    const atMs = this.ports.clock.now() + retryAfterMs;
    // The empty key stands for the head and everything.
    for (const key of units === 'all' ? [''] : ['', ...units]) this.rechecks.set(key, atMs);
  }

  private keepRechecks({ looked, rechecks }: RoundResult): void {
    for (const key of looked.keys()) this.rechecks.delete(key);
    for (const [key, afterMs] of rechecks) this.rechecks.set(key, this.ports.clock.now() + afterMs);
  }

  /** What was decided of everything leaves out units that there are no more. */
  private keepStates({ looked }: RoundResult, units: Units): void {
    this.unitsLooked += looked.size;
    this.unitStates = new Map(units === 'all' ? looked : [...this.unitStates, ...looked]);
  }

  /** Arms the one timer for the soonest recheck. */
  private arm(): void {
    const { clock } = this.ports;
    this.cancel?.();
    this.cancel = undefined;
    const soonestMs = Math.min(...this.rechecks.values());
    if (this.closed || !Number.isFinite(soonestMs)) return;
    this.cancel = clock.after(Math.max(soonestMs - clock.now(), 1), () => {
      const due = [...this.rechecks].filter(([, atMs]) => atMs <= clock.now()).map(([key]) => key);
      for (const key of due) this.rechecks.delete(key);
      void this.plan(due.includes('') ? { head: true, units: 'all' } : { units: due });
    });
  }
}

/** What marks units. A doorbell that names nothing that is known marks everything. */
function subscribe({ bus }: PlannerPorts, planner: Pick<Loop, 'plan' | 'heard' | 'deaf' | 'current'>): (() => void)[] {
  // The planner's own pace is not the bus's: a bell returns at once.
  const ring = (what: Marking): void => void planner.plan(what);
  return [
    bus.subscribe('head', () => ring({ head: true, units: [] }), { lost: () => ring({ head: true, units: 'all' }) }),
    bus.subscribe('source', () => ring({ units: 'all' }), { lost: () => ring({ units: 'all' }) }),
    bus.subscribe('release', ({ applications }) => ring({ units: about(planner.current(), applications) }), {
      lost: () => ring({ units: 'all' }),
    }),
    bus.subscribe('statuses', (payload) => planner.heard(payload), {
      lost: () => planner.heard({ clusters: [], applications: [] }),
    }),
    bus.onRecovered(() => planner.deaf()),
  ];
}

/** What news of applications are about; everything where they name nothing that is known. */
function about(snapshot: FleetSnapshot | undefined, applications: readonly string[]): Units {
  if (snapshot === undefined || applications.length === 0) return 'all';
  return unitsAbout(snapshot, new Set(applications));
}
