import { isCurrent } from '@fairlead/core/apply';
import { missingHealth } from '@fairlead/core/health';
import { asFairleadError, trackingKey, type Digest, type KubeObject, type Reason } from '@fairlead/core/model';
import { settleIntent, type Settled } from '@fairlead/core/prune';
import { lookAt, viewerOf, type Desk } from './desk.ts';
import { afterCorrection, isFighting } from './fight.ts';
import type { Assignment } from './ground.ts';
import { endOf, isOldNews, type Item, type Seen } from './item.ts';
import { driftBetween, driftOfAbsence, judge, referenceOf, type FoundDrift } from './live.ts';
import { trackingFor } from './manifest.ts';
import { Renewals } from './renew.ts';
import { goingAgainMs, Sender } from './sender.ts';
import { Vitals } from './vitals.ts';

/** Options of {@link Keeper}. */
export type KeeperOptions = Omit<Desk, 'assignment'>;

/**
 * Keeps single objects as they should be: applies them, sees what became of them, and puts them right. At most one call
 * about an object is under way; what the watch says meanwhile is judged after it.
 */
export class Keeper {
  readonly #desk: Desk;
  readonly #vitals: Vitals;
  readonly #sender: Sender;
  readonly #renewals = new Renewals();
  readonly #underWay = new Map<Item, Promise<void>>();
  #assignment: Assignment | undefined;

  constructor(options: KeeperOptions) {
    this.#desk = { ...options, assignment: () => this.#assignment };
    this.#vitals = new Vitals(this.#desk);
    this.#sender = new Sender(this.#desk, { vitals: this.#vitals, renewals: this.#renewals });
  }

  /** How many objects were deleted to be made anew under the bundle. */
  renewedUnder(bundle: Digest): number {
    return this.#renewals.under(bundle);
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
      await this.#sender.send(item, 'bulk');
    });
  }

  /** Finds out what became of an intent whose answer was never seen, and applies it. */
  async settle(item: Item): Promise<void> {
    await this.#exclusively(item, async () => {
      await this.#settle(item);
      await this.#sender.send(item, 'bulk');
    });
  }

  /** Finds out what became of an intent of which nothing is wanted any more. */
  async settleOnly(item: Item): Promise<void> {
    await this.#exclusively(item, () => this.#settle(item));
  }

  async #settle(item: Item): Promise<void> {
    const { application, inventory, ground } = this.#desk;
    // Of what no bundle wants any more nobody has asked for the kind; without it nothing would be found.
    item.kind ??= await ground.cluster.preferredKind(item.key.group, item.key.kind);
    const live = await lookAt(this.#desk, item);
    const settled = await this.#recognize(item, live);
    item.untried = true;
    if (settled.is === 'Ours') return;
    if (settled.is === 'NotOurs') ground.log.warn('intent.dropped', { application, object: item.text });
    if (item.wanted) return;
    inventory.drop(item.key);
    item.entry = undefined;
  }

  /** Notes an object as ours where it proves to be: made or taken over by an apply whose answer nobody marked. */
  async #recognize(item: Item, live: KubeObject | undefined): Promise<Settled> {
    const { application, inventory } = this.#desk;
    const { fieldManager, label } = trackingFor(item.key, application);
    const settled = settleIntent(live, { manager: fieldManager, label: { key: trackingKey, value: label } });
    if (settled.is !== 'Ours') return settled;
    item.entry = { key: item.key, uid: settled.uid, origin: settled.origin };
    inventory.mark(item.entry);
    // That it was made here follows from the times of its fields, which the apply that comes now moves: a kill before the
    // mark would leave it in doubt for ever.
    if (settled.origin === 'Created') await inventory.flush();
    return settled;
  }

  /** Deletes what ran to its end, and makes it anew. */
  async renew(item: Item): Promise<void> {
    await this.#exclusively(item, async () => {
      await this.#sender.renew(item);
    });
  }

  /** Says what is waited for. A watch tells when it has come; only what was deleted to be made anew is looked at as well. */
  async wait(item: Item, reason: Reason): Promise<void> {
    const { digest = '' } = item.wanted ?? {};
    const until = reason === 'StillRunning' ? 'the run before it has ended' : 'it is gone';
    const message = `${item.text} waits until ${until}: ${item.health.message}`;
    item.problem = {
      reason: item.isRenewed ? 'Recreating' : reason,
      message,
      tries: 1,
      retryAtMs: 0,
      digest,
      awaited: true,
    };
    if (!item.isRenewed) return;
    this.#desk.events.again(goingAgainMs);
    await this.inspect(item);
  }

  /** A Job that ran to its end before this bundle came, and is the same in it, is done in it too. */
  carryEnd(item: Item): void {
    this.#vitals.carryEnd(item);
  }

  /** Reads an object and corrects or reports what differs. */
  async inspect(item: Item): Promise<void> {
    const seenAtMs = this.#desk.ground.clock.now();
    await this.#exclusively(item, () => this.#inspect(item, seenAtMs));
  }

  #judge(item: Item, seen: Exclude<Seen, 'Gone'>): void {
    const { object, whole } = seen;
    if (isOldNews(object.metadata.resourceVersion ?? '', item.answered)) return;
    if (whole || object.metadata.deletionTimestamp !== undefined) this.#vitals.assess(item, object);
    if (object.metadata.deletionTimestamp !== undefined) {
      item.live = 'Terminating';
      return this.#desk.events.changed();
    }
    const assignment = this.#assignment;
    if (!assignment || !item.wanted || item.entry?.uid === undefined) return;
    if (!whole) this.#vitals.assess(item, object);
    const verdict = this.#standing(item, { seen, assignment });
    if (verdict === 'AsApplied') {
      if (item.live !== 'AsApplied') this.#desk.events.changed();
      item.live = 'AsApplied';
      item.reported = '';
      return;
    }
    item.live = verdict === 'Look' ? 'Touched' : 'Drifted';
    if (assignment.index.sync.drift === 'Off') return;
    const seenAtMs = this.#desk.ground.clock.now();
    void this.#exclusively(item, () =>
      verdict === 'Look' ? this.#inspect(item, seenAtMs) : this.#drifted(item, { before: object, seenAtMs }),
    );
  }

  /** How the object stands against what was applied; what is only created stands as it is. */
  #standing(item: Item, by: { seen: Exclude<Seen, 'Gone'>; assignment: Assignment }): ReturnType<typeof judge> {
    if (item.wanted?.apply === 'CreateOnly' || !item.entry) return 'AsApplied';
    return judge(by.seen, item.entry, viewerOf(this.#desk, item, by.assignment));
  }

  #vanished(item: Item): void {
    const { events, ground } = this.#desk;
    const assignment = this.#assignment;
    if (!item.wanted || !assignment) return events.left(item);
    if (item.entry?.uid === undefined) return;
    const seenAtMs = ground.clock.now();
    item.live = 'Touched';
    void this.#exclusively(item, () => this.#inspect(item, seenAtMs));
  }

  async #inspect(item: Item, seenAtMs: number): Promise<void> {
    const { inventory, events } = this.#desk;
    const assignment = this.#assignment;
    if (!assignment || !item.wanted || !item.entry) return;
    const object = await lookAt(this.#desk, item);
    if (!object) {
      item.live = 'Absent';
      return this.#absent(item, { assignment, seenAtMs });
    }
    item.answered = object.metadata.resourceVersion ?? '';
    this.#vitals.assess(item, object);
    if (object.metadata.deletionTimestamp !== undefined) {
      item.live = 'Terminating';
      return events.changed();
    }
    if (item.entry.uid !== undefined && object.metadata.uid !== item.entry.uid) await this.#recognize(item, object);
    if (this.#standing(item, { seen: { object, whole: true }, assignment }) !== 'AsApplied') {
      item.live = 'Drifted';
      if (assignment.index.sync.drift !== 'Off') await this.#drifted(item, { before: object, seenAtMs });
      return;
    }
    item.live = 'AsApplied';
    const metadata = referenceOf(object, viewerOf(this.#desk, item, assignment))?.metadata;
    if (metadata !== undefined && metadata !== item.entry.metadata) {
      item.entry = { ...item.entry, metadata };
      inventory.mark(item.entry);
    }
    events.changed();
  }

  async #absent(item: Item, by: { assignment: Assignment; seenAtMs: number }): Promise<void> {
    const { sync } = by.assignment.index;
    if (item.isRenewed) {
      await this.#sender.send(item, 'bulk');
      // The pass that it held up goes on.
      return this.#desk.events.again(0);
    }
    if (endOf(item, by.assignment.entry.bundle) !== undefined) return this.#desk.events.changed();
    item.health = missingHealth(item.key);
    if (sync.drift !== 'Off') await this.#drifted(item, { before: undefined, seenAtMs: by.seenAtMs });
    this.#desk.events.changed();
  }

  /** Corrects at once, or reports, as the application says; waits where another hand keeps undoing it. */
  async #drifted(item: Item, found: { before: KubeObject | undefined; seenAtMs: number }): Promise<void> {
    const { ground, events } = this.#desk;
    const assignment = this.#assignment;
    const { wanted } = item;
    if (!assignment || !wanted) return;
    events.changed();
    if (wanted.run === 'once' && item.entry?.ended) return;
    // Another manifest than the one that drifted comes in its own stage, and what is sent then is no correction.
    if (!isCurrent(item.entry?.manifest, { manifest: wanted.digest, apply: wanted.apply })) return events.again(0);
    if (assignment.index.sync.drift === 'Report') return this.#report(item, { ...found, outcome: 'Reported' });
    const nowMs = ground.clock.now();
    if (nowMs < item.fight.pausedUntilMs) {
      events.again(item.fight.pausedUntilMs - nowMs);
      return this.#report(item, { ...found, outcome: 'Damped' });
    }
    if (item.problem && nowMs < item.problem.retryAtMs) return;
    const answer = await this.#sender.send(item, 'correction');
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
    const { events } = this.#desk;
    const version = found.before?.metadata.resourceVersion ?? 'absent';
    if (item.reported === version) return;
    item.reported = version;
    const answer = found.before === undefined ? undefined : await this.#sender.dryRun(item);
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
    const viewer = viewerOf(this.#desk, item, assignment);
    if (!found.before) return [driftOfAbsence(viewer, found.seenAtMs)];
    return answer ? driftBetween(found.before, answer, viewer) : [];
  }

  /** The new reference, where what the server would answer is what is there. */
  #accept(item: Item, answer: KubeObject): void {
    const assignment = this.#assignment;
    if (!assignment || !item.entry) return;
    item.entry = { ...item.entry, ...referenceOf(answer, viewerOf(this.#desk, item, assignment)) };
    item.live = 'AsApplied';
    this.#desk.inventory.mark(item.entry);
    this.#desk.events.changed();
  }

  /** True while another hand undoes what we put right. */
  isFighting(item: Item): boolean {
    return isFighting(item.fight, this.#desk.ground.clock.now());
  }

  /** Resolves when no call about the item is under way: what a watch set going is over, and the item can be decided about. */
  async idle(item: Item): Promise<void> {
    while (item.busy) await this.#underWay.get(item);
  }

  async #exclusively(item: Item, work: () => Promise<void>): Promise<void> {
    if (item.busy) return;
    item.busy = true;
    const over = Promise.withResolvers<void>();
    this.#underWay.set(item, over.promise);
    try {
      await work();
    } catch (thrown) {
      this.#sender.failed(item, asFairleadError(thrown));
    } finally {
      item.busy = false;
      this.#underWay.delete(item);
      over.resolve();
    }
    const { latest } = item;
    item.latest = undefined;
    if (latest !== undefined) this.see(item, latest);
  }
}
