import { decideObject, planStages } from '@fairlead/core/apply';
import { hasRule } from '@fairlead/core/health';
import {
  asFairleadError,
  keyText,
  type ApplicationId,
  type DriftItem,
  type DriftState,
  type ObjectKey,
  type Reason,
  type Tombstone,
} from '@fairlead/core/model';
import type { InventoryEntry, PruneNote } from '@fairlead/core/prune';
import { fullJitterMs } from '../hub/backoff.ts';
import type { Reporter } from '../hub/reporter.ts';
import { pause } from '../hub/session.ts';
import { forEachLimited } from '../limited.ts';
import type { Namespaces } from '../namespaces.ts';
import { kindText } from '../watch/watchers.ts';
import { accountOf, type Assignment, type Ground } from './ground.ts';
import { openInventory, type Inventory, type InventoryFacts } from './inventory.ts';
import { newItem, type Item, type Seen } from './item.ts';
import { Keeper } from './keeper.ts';
import { leave } from './leave.ts';
import { resolve, type ResolvedObject } from './resolve.ts';
import { mayTry } from './retry.ts';
import { leavingStatus, orphanStatus, statusOf } from './status.ts';
import { Turns } from './turns.ts';

/** What is to become of an application in this cluster. */
export type Goal =
  | { readonly to: 'Run'; readonly assignment: Assignment }
  | { readonly to: 'Leave'; readonly tombstone: Tombstone }
  /** The hub says nothing of it: it stays as it is. */
  | { readonly to: 'Stay' };

/** What loops settle among each other. */
export interface Company {
  /** Notes that the application has the object; the other application that has it already, if there is one. */
  claim(text: string, by: { application: ApplicationId; shared: boolean }): ApplicationId | undefined;
  unclaim(text: string, application: ApplicationId): void;
  /** The application of the same team that wants the object too. */
  heirOf(text: string, from: ApplicationId): ApplicationId | undefined;
  /** Gives an heir what is known of the object. */
  handIn(entry: InventoryEntry, to: ApplicationId): void;
  /** True if another application has the Namespace too. */
  isShared(text: string, application: ApplicationId): boolean;
  kindsChanged(): void;
  drifted(item: DriftItem): void;
  /** Nothing of the application is left. */
  finished(application: ApplicationId): void;
}

/** Options of {@link ApplicationLoop.open}. */
export interface LoopOptions {
  readonly application: ApplicationId;
  readonly ground: Ground;
  readonly company: Company;
  readonly namespaces: Namespaces;
  readonly reporter: Reporter;
  readonly random: () => number;
}

const atATime = 64;
const passPauses = { firstMs: 1000, mostMs: 60_000 };
/** A watch that does not begin holds up nobody for longer; objects of its kind are read one by one. */
const watchWaitMs = 10_000;
/** A deletion that finalizers hold is waited for so long before those that come after it. */
const goneWaitMs = 60_000;
/** So long a correction is shown after it. */
const correctedForMs = 600_000;
/** How soon an object that another application has is tried again, if nothing is heard of it. */
const takenMs = 30_000;

/** One loop an application: observe, decide, act, report; the next turn begins when something happened. */
export class ApplicationLoop {
  readonly application: ApplicationId;
  readonly #options: LoopOptions;
  readonly #inventory: Inventory;
  readonly #keeper: Keeper;
  readonly #items = new Map<string, Item>();
  readonly #turns: Turns;
  readonly #waiting = new Map<string, () => void>();
  #goal: Goal = { to: 'Stay' };
  #goalSignal = new AbortController();
  #passes = 0;
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
    for (const entry of inventory.entries()) this.#take(entry);
  }

  /** What is to be from now on; a pass under way is given up after the calls that it has begun. */
  aim(goal: Goal): void {
    this.#goalSignal.abort();
    this.#goalSignal = new AbortController();
    this.#goal = goal;
    this.#keeper.assign(goal.to === 'Run' ? goal.assignment : undefined);
    if (goal.to !== 'Run' || goal.assignment.entry.bundle !== this.#inventory.facts?.bundle) this.#passDone = false;
    this.#failures = 0;
    this.#turns.wake();
  }

  /** Takes the word of a watch on an object of this application. */
  seen(text: string, seen: Seen): void {
    const item = this.#items.get(text);
    if (item) this.#keeper.see(item, seen);
  }

  /** True if its bundle has the object. */
  wants(text: string): boolean {
    return this.#goal.to === 'Run' && this.#items.get(text)?.wanted !== undefined;
  }

  /** Takes over what another application of the team had. */
  handIn(entry: InventoryEntry): void {
    const { manifest: _m, reduction: _r, metadata: _d, ...kept } = entry;
    const item = this.#take(kept);
    item.entry = kept;
    item.problem = undefined;
    item.live = 'Unknown';
    this.#inventory.mark(kept);
    this.#turns.wake();
  }

  /** Kinds (GROUP/KIND) of everything that it has or wants. */
  kinds(): Set<string> {
    return new Set([...this.#items.values()].map((item) => kindText(item.key)));
  }

  /** True if the API server does not know the kind of something that it wants. */
  lacksKinds(): boolean {
    return [...this.#items.values()].some((item) => item.wanted && !item.kind);
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
    accountOf(assignment.index.serviceAccount, ground, this.application);
    // Observe.
    const { entry, index } = assignment;
    const permits = {
      application: this.application,
      team: entry.team,
      policy: ground.policy(),
      namespace: ground.namespace,
      installed: ground.installed,
    };
    this.#want(await resolve(ground, index, permits));
    await this.#watchKinds({ serviceAccount: assignment.index.serviceAccount, rules: assignment.rules }, signal);
    // Decide and act: intents first, so that nothing in the cluster is unknown to the inventory.
    const fresh = [...this.#items.values()].filter(
      (item) => item.wanted && item.kind && !item.entry && this.#claims(item),
    );
    for (const item of fresh) Object.assign(item, { entry: { key: item.key }, untried: true });
    await this.#inventory.intend(
      fresh.map(({ key }) => key),
      this.#facts(assignment),
    );
    const complete = await this.#applyStages(assignment, signal);
    if (signal.aborted) return;
    await this.#prune(assignment, { complete, signal });
    // Report what outlives the process.
    await this.#inventory.flush();
    this.#passDone = complete;
  }

  #want(resolved: readonly ResolvedObject[]): void {
    const { clock } = this.#options.ground;
    const wanted = new Set<string>();
    for (const { object, text, kind, refusal } of resolved) {
      const item = this.#items.get(text) ?? newItem(object.key, text);
      this.#items.set(text, item);
      item.wanted = object;
      item.kind = kind;
      wanted.add(text);
      if (refusal) item.problem = { ...refusal, tries: 1, retryAtMs: Number.POSITIVE_INFINITY, digest: object.digest };
      else if (!kind) this.#unknownKind(item);
      else if (item.problem?.retryAtMs === Number.POSITIVE_INFINITY || item.problem?.reason === 'KindUnknown')
        item.problem = undefined;
      if (item.problem && item.problem.retryAtMs > clock.now()) this.#turns.again(item.problem.retryAtMs - clock.now());
    }
    for (const item of this.#items.values()) {
      if (wanted.has(item.text)) continue;
      item.wanted = undefined;
      item.problem = undefined;
      if (!item.entry) this.#items.delete(item.text);
    }
  }

  #unknownKind(item: Item): void {
    const { clock } = this.#options.ground;
    const tries = item.problem?.reason === 'KindUnknown' ? item.problem.tries : 0;
    if (item.problem?.reason === 'KindUnknown' && item.problem.retryAtMs > clock.now()) return;
    const message = `Cannot apply ${item.text}: the API server does not know the kind ${kindText(item.key)}; it is tried again when its CustomResourceDefinition is there`;
    const retryAtMs = clock.now() + Math.min(60_000, 250 * 2 ** Math.min(tries, 16));
    item.problem = { reason: 'KindUnknown', message, tries: tries + 1, retryAtMs, digest: item.wanted?.digest ?? '' };
  }

  /** True if the object may be this application's. */
  #claims(item: Item): boolean {
    const { company, ground } = this.#options;
    const shared = item.key.group === '' && item.key.kind === 'Namespace';
    const sighting = item.entry?.uid === undefined && !shared ? ground.watchers().sighting(item.key) : undefined;
    const foreign =
      sighting && sighting.owner !== this.application && sighting.owner !== ''
        ? (sighting.owner as ApplicationId)
        : undefined;
    const other = company.claim(item.text, { application: this.application, shared }) ?? foreign;
    if (other === undefined) {
      if (item.problem?.reason === 'ObjectTaken') item.problem = undefined;
      return item.problem === undefined;
    }
    if (foreign) company.unclaim(item.text, this.application);
    const message = `Cannot apply ${item.text}: it belongs to the application ${other}; take it out of one of the two`;
    const retryAtMs = ground.clock.now() + takenMs;
    item.problem = { reason: 'ObjectTaken', message, tries: 1, retryAtMs, digest: item.wanted?.digest ?? '' };
    this.#turns.again(takenMs);
    return false;
  }

  async #watchKinds(by: { serviceAccount: string; rules?: Assignment['rules'] }, signal: AbortSignal): Promise<void> {
    const { ground } = this.#options;
    const fallback = accountOf(by.serviceAccount, ground, this.application);
    const kinds = new Map(
      [...this.#items.values()].flatMap(({ key, kind }) => (kind ? [[kindText(key), kind] as const] : [])),
    );
    const begun = [...kinds.values()]
      .filter((kind) => kind.verbs.length === 0 || (kind.verbs.includes('list') && kind.verbs.includes('watch')))
      .filter((kind) => !ground.watchers().isSynced(kind) || hasRule(kind.group, kind.kind, by.rules))
      .map((kind) => ground.watchers().watch({ kind, whole: hasRule(kind.group, kind.kind, by.rules), fallback }));
    const late = new AbortController();
    const waited = pause(ground.clock, watchWaitMs, AbortSignal.any([signal, late.signal]));
    await Promise.race([Promise.all(begun), waited]);
    late.abort();
  }

  /** True if every object of every stage was applied. */
  async #applyStages(assignment: Assignment, signal: AbortSignal): Promise<boolean> {
    const wanted = [...this.#items.values()].flatMap((item) =>
      item.wanted ? [{ key: item.key, stage: item.wanted.stage, item }] : [],
    );
    const stages = planStages(wanted);
    this.#waitsForStage = undefined;
    for (const [index, { stage, groups }] of stages.entries()) {
      for (const group of groups) {
        await forEachLimited(group.items, atATime, async ({ item }) => {
          if (!signal.aborted) await this.#advance(item, assignment);
        });
        if (signal.aborted) return false;
      }
      const settled = groups.every(({ items }) => items.every(({ item }) => isSettled(item, assignment)));
      if (index + 1 < stages.length && !settled) {
        this.#waitsForStage = stage;
        return false;
      }
    }
    return wanted.every(({ item }) => isApplied(item));
  }

  async #advance(item: Item, assignment: Assignment): Promise<void> {
    const { entry, index } = assignment;
    if (item.busy || !item.wanted || !item.kind || !item.entry || !mayTry(item, this.#options.ground.clock.now()))
      return;
    const decision = decideObject({
      manifest: item.wanted.digest,
      bundle: entry.bundle,
      last: item.untried ? undefined : item.entry,
      live: item.live,
      drift: index.sync.drift,
    });
    switch (decision.do) {
      case 'Skip':
        item.problem = undefined;
        return;
      case 'Settle':
        return this.#keeper.settle(item);
      case 'Look':
        return this.#keeper.inspect(item);
      case 'Report':
        return item.reported === '' ? this.#keeper.inspect(item) : undefined;
      case 'Apply':
        return decision.reason === 'Drifted' || decision.reason === 'ObjectMissing'
          ? this.#keeper.inspect(item)
          : this.#keeper.apply(item);
      case 'Wait':
        return undefined;
    }
  }

  async #prune(assignment: Assignment, options: { complete: boolean; signal: AbortSignal }): Promise<void> {
    const leaving = [...this.#items.values()].filter((item) => item.entry && !item.wanted);
    this.#held = [];
    if (leaving.length === 0) return;
    const { entry, index } = assignment;
    const keys = new Set([...this.#items.values()].filter((item) => item.wanted).map(({ text }) => text));
    const { held, deleted } = await this.#leave({
      serviceAccount: index.serviceAccount,
      wanted: { keys, complete: true },
      sync: index.sync,
      acknowledged: entry.acknowledged,
      passFailed: !options.complete,
      signal: options.signal,
    });
    this.#held = held;
    if (deleted > 0) this.#turns.wake();
  }

  async #leaveCluster(tombstone: Tombstone, signal: AbortSignal): Promise<void> {
    const { ground, company, reporter } = this.#options;
    const { facts } = this.#inventory;
    for (const item of this.#items.values()) item.wanted = undefined;
    if (facts && this.#items.size > 0) {
      reporter.status(leavingStatus(facts, { objects: this.#items.size, held: this.#held }));
      await this.#findKinds();
      await this.#watchKinds({ serviceAccount: facts.serviceAccount }, signal);
      const { held } = await this.#leave({
        serviceAccount: facts.serviceAccount,
        wanted: 'Withdrawn',
        sync: { prune: true, adopt: 'Release' },
        acknowledged: tombstone.acknowledged,
        passFailed: false,
        signal,
      });
      this.#held = held;
    }
    if (signal.aborted) return;
    await this.#inventory.flush();
    if (this.#items.size > 0) {
      if (this.#held.length === 0) this.#turns.wake();
      else this.#turns.again(goneWaitMs);
      return;
    }
    await ground.state.forget(this.application);
    ground.log.info('application.left', { application: this.application, commit: tombstone.commit });
    company.finished(this.application);
    reporter.removed(this.application);
  }

  async #leave(
    work: Omit<
      Parameters<typeof leave>[1],
      'application' | 'items' | 'handedTo' | 'shared' | 'gone' | 'forget' | 'handOver'
    >,
  ): ReturnType<typeof leave> {
    const { ground, company } = this.#options;
    const items = [...this.#items.values()];
    for (const item of items)
      if (!item.wanted && item.entry && item.entry.uid === undefined) await this.#keeper.settleOnly(item);
    const handedTo = new Map<string, ApplicationId>();
    for (const { text, wanted } of items) {
      const heir = wanted ? undefined : company.heirOf(text, this.application);
      if (heir !== undefined) handedTo.set(text, heir);
    }
    const shared = new Set(
      items.filter(({ text }) => company.isShared(text, this.application)).map(({ text }) => text),
    );
    return leave(ground, {
      ...work,
      application: this.application,
      items: items.filter(({ entry }) => entry !== undefined),
      handedTo,
      shared,
      gone: (item) => this.#gone(item, work.signal),
      forget: (key) => this.#forget(key),
      handOver: (key, to) => {
        const entry = this.#items.get(keyText(key))?.entry;
        this.#forget(key);
        if (entry) company.handIn(entry, to);
      },
    });
  }

  async #findKinds(): Promise<void> {
    const { cluster } = this.#options.ground;
    for (const item of this.#items.values()) item.kind ??= await cluster.preferredKind(item.key.group, item.key.kind);
  }

  #gone(item: Item, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#waiting.delete(item.text);
        resolve();
      };
      const cancel = this.#options.ground.clock.after(goneWaitMs, done);
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.set(item.text, done);
    });
  }

  #forget(key: ObjectKey): void {
    const text = keyText(key);
    this.#items.delete(text);
    this.#inventory.drop(key);
    this.#options.company.unclaim(text, this.application);
  }

  #take(entry: InventoryEntry): Item {
    const text = keyText(entry.key);
    const item = this.#items.get(text) ?? newItem(entry.key, text);
    item.entry ??= entry;
    this.#items.set(text, item);
    this.#options.company.claim(text, {
      application: this.application,
      shared: item.key.group === '' && item.key.kind === 'Namespace',
    });
    return item;
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

  #keeperEvents(): ConstructorParameters<typeof Keeper>[0]['events'] {
    const { company } = this.#options;
    return {
      changed: () => {
        if (this.#waitsForStage !== undefined) this.#turns.wake();
        this.#turns.reportSoon();
      },
      again: (afterMs) => this.#turns.again(afterMs),
      left: (item) => {
        this.#waiting.get(item.text)?.();
        this.#turns.wake();
      },
      drift: (drift) => {
        if (drift.outcome === 'Corrected') this.#correctedAtMs = this.#options.ground.clock.now();
        company.drifted(drift);
      },
      kindsChanged: () => company.kindsChanged(),
    };
  }

  #report(): void {
    const { reporter } = this.#options;
    const goal = this.#goal;
    const { facts } = this.#inventory;
    if (goal.to === 'Run') return this.#reportRun(goal.assignment);
    if (!facts || this.#items.size === 0) return;
    const objects = this.#items.size;
    reporter.status(
      goal.to === 'Leave' ? leavingStatus(facts, { objects, held: this.#held }) : orphanStatus(facts, objects),
    );
  }

  #reportRun(assignment: Assignment): void {
    const { reporter, ground } = this.#options;
    const items = [...this.#items.values()];
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
      item.live === 'Drifted' || (item.live === 'Absent' && item.entry?.ended?.bundle !== assignment.entry.bundle);
    if (items.some((item) => item.wanted && item.entry?.manifest !== undefined && differs(item))) return 'Present';
    const sinceMs = this.#options.ground.clock.now() - this.#correctedAtMs;
    if (sinceMs < correctedForMs) this.#turns.reportSoon(correctedForMs - sinceMs);
    return sinceMs < correctedForMs ? 'Corrected' : 'None';
  }
}

function isApplied(item: Item): boolean {
  return item.problem === undefined && item.entry?.manifest === item.wanted?.digest;
}

/** Applied, and its health lets a later stage begin. */
function isSettled(item: Item, assignment: Assignment): boolean {
  const ended = item.entry?.ended;
  const fine = item.health.status === 'Healthy' || item.health.status === 'Suspended';
  return isApplied(item) && (fine || (ended?.bundle === assignment.entry.bundle && ended.as === 'Succeeded'));
}
