import { trackingKey } from '@fairlead/core/apply';
import { assessHealth, endedAs, missingHealth } from '@fairlead/core/health';
import {
  asFairleadError,
  type FairleadError,
  type ApplicationId,
  type DriftItem,
  type KubeObject,
} from '@fairlead/core/model';
import { settleIntent, type InventoryEntry } from '@fairlead/core/prune';
import type { Namespaces } from '../namespaces.ts';
import type { Urgency } from '../pace.ts';
import { applyItem } from './apply.ts';
import { afterCorrection, isFighting } from './fight.ts';
import { accountOf, look, type Assignment, type Ground } from './ground.ts';
import type { Inventory } from './inventory.ts';
import { isOldNews, type Item, type Seen } from './item.ts';
import { driftBetween, driftOfAbsence, judge, referenceOf, type FoundDrift, type Viewer } from './live.ts';
import { trackingFor } from './manifest.ts';
import { isUncertain, problemOf } from './retry.ts';

/** What a keeper tells its loop. */
export interface KeeperEvents {
  /** Something that the status shows changed. */
  changed(): void;
  /** A pass should look again, at once or after so long. */
  again(afterMs: number): void;
  /** An object that was leaving may be gone. */
  left(item: Item): void;
  drift(item: DriftItem): void;
  /** An apply was refused; the item's problem says why. */
  failed(item: Item): void;
  /** The API server may know kinds that it did not know. */
  kindsChanged(): void;
}

/** Options of {@link Keeper}. */
export interface KeeperOptions {
  readonly application: ApplicationId;
  readonly ground: Ground;
  readonly namespaces: Namespaces;
  readonly inventory: Inventory;
  readonly events: KeeperEvents;
}

/**
 * Keeps single objects as they should be: applies them, sees what became of them, and puts them right. At most one call
 * about an object is under way; what the watch says meanwhile is judged after it.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  #assignment: Assignment | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** What is wanted from now on; undefined: nothing is, and drift is nobody's concern. */
  assign(assignment: Assignment | undefined): void {
    this.#assignment = assignment;
  }

  /** Takes the word of a watch. */
  see(item: Item, seen: Seen): void {
    if (item.busy) item.latest = seen;
    else if (seen === 'Gone') this.#vanished(item);
    else this.#judge(item, seen);
  }

  /** Applies an object in the course of a pass. */
  async apply(item: Item): Promise<void> {
    await this.#exclusively(item, async () => {
      await this.#send(item, 'bulk');
    });
  }

  /** Finds out what became of an intent whose answer was never seen, and applies it. */
  async settle(item: Item): Promise<void> {
    await this.#exclusively(item, async () => {
      await this.#settle(item);
      await this.#send(item, 'bulk');
    });
  }

  /** Finds out what became of an intent of which nothing is wanted any more. */
  async settleOnly(item: Item): Promise<void> {
    await this.#exclusively(item, () => this.#settle(item));
  }

  async #settle(item: Item): Promise<void> {
    const { application, inventory, ground } = this.#options;
    const live = await this.#look(item);
    const { fieldManager, label } = trackingFor(item.key, application);
    const settled = settleIntent(live, { manager: fieldManager, label: { key: trackingKey, value: label } });
    item.untried = true;
    if (settled.is === 'Ours') {
      item.entry = { key: item.key, uid: settled.uid, origin: settled.origin };
      inventory.mark(item.entry);
      return;
    }
    if (settled.is === 'NotOurs') ground.log.warn('intent.dropped', { application, object: item.text });
    if (item.wanted) return;
    inventory.drop(item.key);
    item.entry = undefined;
  }

  /** A Job that ran to its end before this bundle came, and is the same in it, is done in it too. */
  carryEnd(item: Item): void {
    const bundle = this.#assignment?.entry.bundle;
    const { entry } = item;
    if (!bundle || item.live !== 'AsApplied' || !entry?.ended || entry.ended.bundle === bundle) return;
    item.entry = { ...entry, ended: { ...entry.ended, bundle } };
    this.#options.inventory.mark(item.entry);
  }

  /** Reads an object and corrects or reports what differs. */
  async inspect(item: Item): Promise<void> {
    const seenAtMs = this.#options.ground.clock.now();
    await this.#exclusively(item, () => this.#inspect(item, seenAtMs));
  }

  #judge(item: Item, seen: Exclude<Seen, 'Gone'>): void {
    const { object, whole } = seen;
    if (isOldNews(object.metadata.resourceVersion ?? '', item.answered)) return;
    if (whole || object.metadata.deletionTimestamp !== undefined) this.#assess(item, object);
    if (object.metadata.deletionTimestamp !== undefined) {
      item.live = 'Terminating';
      return this.#options.events.changed();
    }
    const assignment = this.#assignment;
    if (!assignment || !item.wanted || item.entry?.uid === undefined) return;
    if (!whole) this.#assess(item, object);
    const verdict = judge(seen, item.entry, this.#viewer(item, assignment));
    if (verdict === 'AsApplied') {
      if (item.live !== 'AsApplied') this.#options.events.changed();
      item.live = 'AsApplied';
      item.reported = '';
      return;
    }
    item.live = verdict === 'Look' ? 'Touched' : 'Drifted';
    if (assignment.index.sync.drift === 'Off') return;
    const seenAtMs = this.#options.ground.clock.now();
    void this.#exclusively(item, () =>
      verdict === 'Look' ? this.#inspect(item, seenAtMs) : this.#drifted(item, { before: object, seenAtMs }),
    );
  }

  #vanished(item: Item): void {
    const { events, ground } = this.#options;
    const assignment = this.#assignment;
    if (!item.wanted || !assignment) return events.left(item);
    if (item.entry?.uid === undefined) return;
    const seenAtMs = ground.clock.now();
    item.live = 'Touched';
    void this.#exclusively(item, () => this.#inspect(item, seenAtMs));
  }

  async #inspect(item: Item, seenAtMs: number): Promise<void> {
    const { inventory, events } = this.#options;
    const assignment = this.#assignment;
    if (!assignment || !item.wanted || !item.entry) return;
    const object = await this.#look(item);
    if (!object) {
      item.live = 'Absent';
      return this.#absent(item, { assignment, seenAtMs });
    }
    item.answered = object.metadata.resourceVersion ?? '';
    this.#assess(item, object);
    if (object.metadata.deletionTimestamp !== undefined) {
      item.live = 'Terminating';
      return events.changed();
    }
    const viewer = this.#viewer(item, assignment);
    if (judge({ object, whole: true }, item.entry, viewer) !== 'AsApplied') {
      item.live = 'Drifted';
      if (assignment.index.sync.drift !== 'Off') await this.#drifted(item, { before: object, seenAtMs });
      return;
    }
    item.live = 'AsApplied';
    const metadata = referenceOf(object, viewer)?.metadata;
    if (metadata !== undefined && metadata !== item.entry.metadata) {
      item.entry = { ...item.entry, metadata };
      inventory.mark(item.entry);
    }
    events.changed();
  }

  async #absent(item: Item, by: { assignment: Assignment; seenAtMs: number }): Promise<void> {
    const { sync } = by.assignment.index;
    const ended = item.entry?.ended;
    if (ended?.bundle === by.assignment.entry.bundle) return this.#options.events.changed();
    item.health = missingHealth(item.key);
    if (sync.drift !== 'Off') await this.#drifted(item, { before: undefined, seenAtMs: by.seenAtMs });
    this.#options.events.changed();
  }

  /** Corrects at once, or reports, as the application says; waits where another hand keeps undoing it. */
  async #drifted(item: Item, found: { before: KubeObject | undefined; seenAtMs: number }): Promise<void> {
    const { ground, events } = this.#options;
    const assignment = this.#assignment;
    if (!assignment) return;
    events.changed();
    if (assignment.index.sync.drift === 'Report') return this.#report(item, { ...found, outcome: 'Reported' });
    const nowMs = ground.clock.now();
    if (nowMs < item.fight.pausedUntilMs) {
      events.again(item.fight.pausedUntilMs - nowMs);
      return this.#report(item, { ...found, outcome: 'Damped' });
    }
    if (item.problem && nowMs < item.problem.retryAtMs) return;
    const answer = await this.#send(item, 'correction');
    const drifts = this.#drifts(item, found, answer);
    if (drifts.length === 0) return;
    const tookMs = ground.clock.now() - found.seenAtMs;
    if (answer) item.fight = afterCorrection(item.fight, ground.clock.now());
    for (const drift of drifts) events.drift({ ...drift, outcome: answer ? 'Corrected' : 'Failed', tookMs });
  }

  /** Says what differs, once for each state of the object, and leaves it. */
  async #report(
    item: Item,
    found: { before: KubeObject | undefined; seenAtMs: number; outcome: 'Reported' | 'Damped' },
  ): Promise<void> {
    const { events } = this.#options;
    const version = found.before?.metadata.resourceVersion ?? 'absent';
    if (item.reported === version) return;
    item.reported = version;
    const answer = found.before === undefined ? undefined : await this.#dryRun(item);
    const drifts = this.#drifts(item, found, answer);
    // The server would answer what is there: it changed its own defaults, and nobody changed the object.
    if (found.before && answer && drifts.length === 0) return this.#accept(item, answer);
    for (const drift of drifts) events.drift({ ...drift, outcome: found.outcome });
  }

  #drifts(
    item: Item,
    found: { before: KubeObject | undefined; seenAtMs: number },
    answer: KubeObject | undefined,
  ): readonly FoundDrift[] {
    const assignment = this.#assignment;
    if (!assignment) return [];
    const viewer = this.#viewer(item, assignment);
    if (!found.before) return [driftOfAbsence(viewer, found.seenAtMs)];
    return answer ? driftBetween(found.before, answer, viewer) : [];
  }

  async #dryRun(item: Item): Promise<KubeObject | undefined> {
    const { application, ground, namespaces } = this.#options;
    const assignment = this.#assignment;
    if (!assignment) return undefined;
    const { object } = await applyItem(ground, {
      application,
      assignment,
      item,
      urgency: 'correction',
      namespaces,
      dryRun: true,
    });
    return object;
  }

  async #send(item: Item, urgency: Urgency): Promise<KubeObject | undefined> {
    const { application, ground, namespaces } = this.#options;
    const assignment = this.#assignment;
    if (!assignment || !item.wanted) return undefined;
    item.untried = false;
    const { wanted } = item;
    try {
      const answer = await applyItem(ground, { application, assignment, item, urgency, namespaces });
      this.#applied(item, { ...answer, wanted, assignment });
      return answer.object;
    } catch (thrown) {
      this.#failed(item, asFairleadError(thrown));
      return undefined;
    }
  }

  #applied(
    item: Item,
    done: { object: KubeObject; created: boolean; wanted: NonNullable<Item['wanted']>; assignment: Assignment },
  ): void {
    const { object, created, wanted, assignment } = done;
    const before = item.entry;
    const uid = object.metadata.uid ?? '';
    const origin = created
      ? 'Created'
      : before?.uid === uid || before?.uid === undefined
        ? (before?.origin ?? 'Adopted')
        : 'Adopted';
    const reference = referenceOf(object, this.#viewer(item, assignment));
    const entry: InventoryEntry = {
      key: item.key,
      uid,
      origin,
      stage: wanted.stage,
      manifest: wanted.digest,
      ...reference,
    };
    item.entry = entry;
    item.live = 'AsApplied';
    item.problem = undefined;
    item.reported = '';
    item.answered = object.metadata.resourceVersion ?? '';
    this.#options.inventory.mark(entry);
    this.#assess(item, object);
    this.#options.events.changed();
  }

  #failed(item: Item, error: FairleadError): void {
    const { ground, namespaces, events, application } = this.#options;
    // Whether it arrived is not known: the GET comes before any retry. Where the server refused, it did not.
    item.untried = item.entry?.uid === undefined && !isUncertain(error);
    item.problem = problemOf(error, { item, nowMs: ground.clock.now() });
    if (error.code === 'NotFound') namespaces.forget(item.key.namespace);
    ground.log.warn('apply.failed', { application, object: item.text, reason: error.reason, error: error.message });
    events.failed(item);
    events.again(Math.max(0, item.problem.retryAtMs - ground.clock.now()));
    events.changed();
  }

  /** The new reference, where what the server would answer is what is there. */
  #accept(item: Item, answer: KubeObject): void {
    const assignment = this.#assignment;
    if (!assignment || !item.entry) return;
    item.entry = { ...item.entry, ...referenceOf(answer, this.#viewer(item, assignment)) };
    item.live = 'AsApplied';
    this.#options.inventory.mark(item.entry);
    this.#options.events.changed();
  }

  #assess(item: Item, object: KubeObject): void {
    const before = item.health;
    const rules = this.#assignment?.rules;
    item.health = assessHealth(object, rules === undefined ? {} : { rules });
    if (before.status === item.health.status && before.message === item.health.message) return;
    if (item.key.kind === 'CustomResourceDefinition' && item.health.status === 'Healthy')
      this.#options.events.kindsChanged();
    this.#noteEnd(item, object);
    this.#options.events.changed();
  }

  #noteEnd(item: Item, object: KubeObject): void {
    const as = endedAs(object);
    const bundle = this.#assignment?.entry.bundle;
    if (!as || !bundle || !item.entry?.uid || item.entry.ended?.bundle === bundle) return;
    item.entry = { ...item.entry, ended: { bundle, as } };
    this.#options.inventory.mark(item.entry);
  }

  #viewer(item: Item, assignment: Assignment): Viewer {
    const { application } = this.#options;
    return {
      application,
      key: item.key,
      manager: trackingFor(item.key, application).fieldManager,
      ignore: assignment.index.ignore,
    };
  }

  async #look(item: Item): Promise<KubeObject | undefined> {
    const { application, ground, inventory } = this.#options;
    const kind = item.kind;
    if (!kind) return undefined;
    const account = accountOf(
      this.#assignment?.index.serviceAccount ?? inventory.facts?.serviceAccount ?? '',
      ground,
      application,
    );
    return ground.pace.run('correction', () => look(ground, kind, { key: item.key, account }));
  }

  /** True while another hand undoes what we put right. */
  isFighting(item: Item): boolean {
    return isFighting(item.fight, this.#options.ground.clock.now());
  }

  async #exclusively(item: Item, work: () => Promise<void>): Promise<void> {
    if (item.busy) return;
    item.busy = true;
    try {
      await work();
    } catch (thrown) {
      this.#failed(item, asFairleadError(thrown));
    } finally {
      item.busy = false;
    }
    const { latest } = item;
    item.latest = undefined;
    if (latest !== undefined) this.see(item, latest);
  }
}
