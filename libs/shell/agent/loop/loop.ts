import {
  asFairleadError,
  type ApplicationId,
  type DriftState,
  type Reason,
  type Tombstone,
} from '@fairlead/core/model';
import type { InventoryEntry, PruneNote } from '@fairlead/core/prune';
import type { ResourceKind } from '@fairlead/ports/cluster';
import { fullJitterMs } from '../hub/backoff.ts';
import type { Reporter } from '../hub/reporter.ts';
import type { Namespaces } from '../namespaces.ts';
import { kindText } from '../watch/watchers.ts';
import type { Company } from './company.ts';
import { depart, Departures, goneWaitMs, type DepartWork } from './depart.ts';
import { accountOf, type Assignment, type Goal, type Ground } from './ground.ts';
import { openInventory, type Inventory, type InventoryFacts } from './inventory.ts';
import { endOf, type Item, type Seen } from './item.ts';
import type { KeeperEvents } from './desk.ts';
import { Keeper } from './keeper.ts';
import type { LeaveResult } from './leave.ts';
import { applyStages } from './pass.ts';
import { resolve } from './resolve.ts';
import { Roster } from './roster.ts';
import { leavingStatus, orphanStatus, statusOf } from './status.ts';
import { Turns } from './turns.ts';

/** Options of {@link ApplicationLoop.open}. */
export interface LoopOptions {
  readonly application: ApplicationId;
  readonly ground: Ground;
  readonly company: Company;
  readonly namespaces: Namespaces;
  readonly reporter: Reporter;
  readonly random: () => number;
}

/** A report looks at every object: of ten thousand, once a second while they change. */
const reportMsPerItem = 0.1;
const passPauses = { firstMs: 1000, mostMs: 60_000 };
/** So long a correction is shown after it. */
const correctedForMs = 600_000;
/** One loop an application: observe, decide, act, report; the next turn begins when something happened. */
export class ApplicationLoop {
  readonly application: ApplicationId;
  readonly #options: LoopOptions;
  readonly #inventory: Inventory;
  readonly #keeper: Keeper;
  readonly #roster: Roster;
  readonly #turns: Turns;
  readonly #departures: Departures;
  #goal: Goal = { to: 'Stay' };
  #goalSignal = new AbortController();
  #passes = 0;
  #resolved = Promise.withResolvers<void>();
  #passDone = false;
  #waitsForStage: number | undefined;
  #failure: { readonly reason: Reason; readonly message: string } | undefined;
  #failures = 0;
  #held: readonly PruneNote[] = [];
  #correctedAtMs = Number.NEGATIVE_INFINITY;

  /** Reads the inventory; nothing is done before a goal is set. */
  static async open(options: LoopOptions): Promise<ApplicationLoop> {
    const { application, ground } = options;
    const inventory = await openInventory(await ground.state.inventory(application), ground);
    return new ApplicationLoop(options, inventory);
  }

  private constructor(options: LoopOptions, inventory: Inventory) {
    const { application, ground, namespaces } = options;
    this.application = application;
    this.#options = options;
    this.#inventory = inventory;
    this.#turns = new Turns(ground.clock, { pass: () => this.#turn(), report: () => this.#report() });
    this.#keeper = new Keeper({ application, ground, namespaces, inventory, events: this.#keeperEvents() });
    const { company } = options;
    this.#roster = new Roster({
      application,
      ground,
      company,
      inventory,
      again: (afterMs) => this.#turns.again(afterMs),
    });
    this.#departures = new Departures(ground);
    this.#resolved.resolve();
  }

  /** What is to be from now on; a pass under way is given up after the calls that it has begun. */
  aim(goal: Goal): void {
    this.#goalSignal.abort();
    this.#goalSignal = new AbortController();
    this.#goal = goal;
    this.#keeper.assign(goal.to === 'Run' ? goal.assignment : undefined);
    if (goal.to !== 'Run' || goal.assignment.entry.bundle !== this.#inventory.facts?.bundle) this.#passDone = false;
    this.#failures = 0;
    this.#roster.forgive();
    if (goal.to === 'Run') this.#resolved = Promise.withResolvers<void>();
    else this.#resolved.resolve();
    this.#turns.wake();
  }

  /** Takes the word of a watch on an object of this application. */
  seen(text: string, seen: Seen): void {
    const item = this.#roster.items.get(text);
    if (item) this.#keeper.see(item, seen);
  }

  /** A list of the kind is complete; what the inventory names and it lacks is looked up by name. */
  listed(kind: Pick<ResourceKind, 'group' | 'kind'>): void {
    for (const item of this.#roster.unlisted(kind)) this.#keeper.see(item, 'Gone');
  }

  /** Resolves when it is known which objects it wants. */
  get resolved(): Promise<void> {
    return this.#resolved.promise;
  }

  /** What it has or wants, for whoever only looks. */
  items(): readonly Readonly<Item>[] {
    return this.#roster.all();
  }

  /** True if its bundle has the object. */
  wants(text: string): boolean {
    return this.#goal.to === 'Run' && this.#roster.items.get(text)?.wanted !== undefined;
  }

  /** Takes over what another application of the team had. */
  handIn(entry: InventoryEntry): void {
    this.#roster.inherit(entry);
    this.#turns.wake();
  }

  /** A Namespace that it shares was made here, by an application that has left it. */
  inheritOrigin(text: string): void {
    this.#roster.inheritOrigin(text);
  }

  /** Kinds (GROUP/KIND) of everything that it has or wants. */
  kinds(): Set<string> {
    return new Set(this.#roster.all().map((item) => kindText(item.key)));
  }

  /** True if the API server does not know the kind of something that it wants. */
  lacksKinds(): boolean {
    return this.#roster.lacksKinds();
  }

  /** Looks again: the policy, the API server's kinds or another application changed. */
  wake(): void {
    this.#turns.wake();
  }

  /** Ends after the calls under way; what was done is written. */
  async stop(): Promise<void> {
    this.#goalSignal.abort();
    this.#keeper.assign(undefined);
    await this.#turns.stop();
    await this.#inventory.flush();
  }

  async #turn(): Promise<void> {
    const signal = this.#goalSignal.signal;
    const goal = this.#goal;
    try {
      if (goal.to === 'Run') await this.#run(goal.assignment, signal);
      else if (goal.to === 'Leave') await this.#leaveCluster(goal.tombstone, signal);
      this.#failure = undefined;
      this.#failures = 0;
    } catch (thrown) {
      const error = asFairleadError(thrown);
      if (signal.aborted) return;
      this.#failure = { reason: error.reason, message: error.message };
      this.#failures += 1;
      const { ground, random } = this.#options;
      ground.log.error('pass.failed', { application: this.application, reason: error.reason, error: error.message });
      this.#turns.again(500 + fullJitterMs(this.#failures, { ...passPauses, random }));
    }
    this.#passes += 1;
    this.#report();
  }

  async #run(assignment: Assignment, signal: AbortSignal): Promise<void> {
    const { ground } = this.#options;
    const { entry, index, rules } = assignment;
    const account = accountOf(index.serviceAccount, ground, this.application);
    // Observe.
    this.#roster.want(await resolve(ground, { index, application: this.application, team: entry.team }));
    if (signal.aborted) return;
    this.#resolved.resolve();
    await this.#roster.watch({ account, rules, signal });
    // Decide and act: intents first, so that nothing in the cluster is unknown to the inventory.
    const fresh = this.#roster.claimNew();
    for (const item of fresh) Object.assign(item, { entry: { key: item.key }, untried: true });
    const keys = fresh.map(({ key }) => key);
    await this.#inventory.intend(keys, this.#facts(assignment));
    this.#waitsForStage = undefined;
    const complete = await applyStages({
      ground,
      keeper: this.#keeper,
      items: this.#roster.all(),
      assignment,
      signal,
      waitsFor: (stage) => (this.#waitsForStage = stage),
      again: (afterMs) => this.#turns.again(afterMs),
    });
    if (signal.aborted) return;
    await this.#prune(assignment, { complete, signal });
    // Report what outlives the process.
    await this.#inventory.flush();
    this.#passDone = complete;
  }

  async #prune(assignment: Assignment, options: { complete: boolean; signal: AbortSignal }): Promise<void> {
    const all = this.#roster.all();
    this.#held = [];
    const stays = ({ wanted, ignored }: Item): boolean => wanted !== undefined || ignored;
    if (all.every((item) => !item.entry || stays(item))) return;
    const { entry, index } = assignment;
    const keys = new Set(all.filter(stays).map(({ text }) => text));
    const { held, deleted } = await this.#depart({
      serviceAccount: index.serviceAccount,
      wanted: { keys, complete: true },
      sync: index.sync,
      acknowledged: entry.acknowledged,
      passFailed: !options.complete,
      renewed: this.#keeper.renewedUnder(entry.bundle),
      signal: options.signal,
    });
    this.#held = held;
    if (deleted > 0) this.#turns.wake();
    else if (options.complete && held.some(({ reason }) => reason === 'PruneWaits')) this.#turns.again(5000);
  }

  async #leaveCluster(tombstone: Tombstone, signal: AbortSignal): Promise<void> {
    const { ground, company, reporter } = this.#options;
    const { facts } = this.#inventory;
    const { items } = this.#roster;
    this.#roster.wantNothing();
    if (facts && items.size > 0) {
      reporter.status(leavingStatus(facts, { objects: items.size, held: this.#held }));
      const account = accountOf(facts.serviceAccount, ground, this.application);
      await this.#roster.findKinds();
      await this.#roster.watch({ account, signal });
      const { acknowledged } = tombstone;
      const sync = { prune: true, adopt: 'Release' } as const;
      const { held } = await this.#depart({
        serviceAccount: facts.serviceAccount,
        wanted: 'Withdrawn',
        sync,
        acknowledged,
        passFailed: false,
        renewed: 0,
        signal,
      });
      this.#held = held;
    }
    if (signal.aborted) return;
    await this.#inventory.flush();
    if (items.size > 0 && this.#held.length === 0) return this.#turns.wake();
    if (items.size > 0) return this.#turns.again(goneWaitMs);
    await ground.state.forget(this.application);
    ground.log.info('application.left', { application: this.application, commit: tombstone.commit });
    company.finished(this.application);
    reporter.removed(this.application);
  }

  #depart(work: DepartWork): Promise<LeaveResult> {
    const { application, ground, company } = this.#options;
    return depart(
      { application, ground, company, roster: this.#roster, keeper: this.#keeper, departures: this.#departures },
      work,
    );
  }

  #facts({ entry, index }: Assignment): InventoryFacts {
    const { facts } = this.#inventory;
    const { application, release, bundle, attempt } = entry;
    const since = facts?.bundle === bundle ? facts.healthySinceMs : undefined;
    return {
      application,
      serviceAccount: index.serviceAccount,
      namespace: index.namespace,
      release,
      bundle,
      attempt,
      ...(since === undefined ? {} : { healthySinceMs: since }),
    };
  }

  #keeperEvents(): KeeperEvents {
    const { company } = this.#options;
    return {
      changed: () => {
        if (this.#waitsForStage !== undefined) this.#turns.wake();
        this.#turns.reportSoon(this.#roster.items.size * reportMsPerItem);
      },
      again: (afterMs) => this.#turns.again(afterMs),
      left: (item) => {
        this.#departures.seen(item);
        this.#turns.wake();
      },
      drift: (drift) => {
        if (drift.outcome === 'Corrected') this.#correctedAtMs = this.#options.ground.clock.now();
        company.drifted(drift);
      },
      failed: ({ key, problem }) => problem && company.failed(this.application, { key, ...problem }),
      kindsChanged: () => company.kindsChanged(),
    };
  }

  #report(): void {
    const { reporter } = this.#options;
    const goal = this.#goal;
    const { facts } = this.#inventory;
    if (goal.to === 'Run') return this.#reportRun(goal.assignment);
    if (!facts || this.#roster.items.size === 0) return;
    const objects = this.#roster.items.size;
    reporter.status(
      goal.to === 'Leave'
        ? leavingStatus(facts, { objects, held: this.#held, failure: this.#failure })
        : orphanStatus(facts, objects),
    );
  }

  #reportRun(assignment: Assignment): void {
    const { reporter, ground } = this.#options;
    const items = this.#roster.all();
    const drift = this.#driftState(items, assignment);
    const status = statusOf({
      application: this.application,
      assignment,
      items,
      passDone: this.#passDone,
      waitsForStage: this.#waitsForStage,
      failure: this.#failure,
      held: this.#held,
      drift,
    });
    const { facts } = this.#inventory;
    const good = status.sync === 'InSync' && status.health === 'Healthy';
    // Until the first pass is over nothing is known, and what was known before the restart stands.
    if (this.#passes === 0 || !facts || facts.bundle !== assignment.entry.bundle) return reporter.status(status);
    const healthySinceMs = good ? (facts.healthySinceMs ?? ground.clock.now()) : undefined;
    const { healthySinceMs: _, ...rest } = facts;
    this.#inventory.note(healthySinceMs === undefined ? rest : { ...rest, healthySinceMs });
    reporter.status(healthySinceMs === undefined ? status : { ...status, healthySinceMs });
  }

  #driftState(items: readonly Item[], assignment: Assignment): DriftState {
    if (assignment.index.sync.drift === 'Off') return 'None';
    if (items.some((item) => item.wanted && this.#keeper.isFighting(item))) return 'Fighting';
    const differs = (item: Item): boolean =>
      item.live === 'Drifted' || (item.live === 'Absent' && endOf(item, assignment.entry.bundle) === undefined);
    if (items.some((item) => item.wanted && item.entry?.manifest !== undefined && differs(item))) return 'Present';
    const sinceMs = this.#options.ground.clock.now() - this.#correctedAtMs;
    if (sinceMs < correctedForMs) this.#turns.reportSoon(correctedForMs - sinceMs);
    return sinceMs < correctedForMs ? 'Corrected' : 'None';
  }
}
