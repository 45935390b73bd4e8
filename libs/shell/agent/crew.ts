import { compileRules } from '@fairlead/core/health';
import {
  asFairleadError,
  type FairleadError,
  keyOf,
  keyText,
  splitApplicationId,
  type ApplicationId,
  type DesiredEntry,
  type KubeObject,
  type ObjectKey,
  type Tombstone,
} from '@fairlead/core/model';
import type { LoopStatus, Reporter } from './hub/reporter.ts';
import { pause } from './hub/pause.ts';
import type { Assignment, Goal, Ground } from './loop/ground.ts';
import type { Narrator } from './inside/events.ts';
import type { Company } from './loop/company.ts';
import { NewKinds } from './loop/newKinds.ts';
import { ApplicationLoop } from './loop/loop.ts';
import type { Namespaces } from './namespaces.ts';
import type { AcceptedState } from './state/agentState.ts';
import type { WatchListener } from './watch/watchers.ts';

/** All loops of an agent. */
export interface Crew {
  /** Opens the loops that the state in the cluster asks for; nothing moves before the first `accept`. */
  open(): Promise<void>;
  /** Sets every loop its goal; those whose goal is what it was go on undisturbed. */
  accept(state: AcceptedState, traceparent?: string): Promise<void>;
  readonly listener: WatchListener;
  /** Says of the applications that a desired state changes why it cannot be taken in yet. */
  unwritten(state: AcceptedState, error: FairleadError): void;
  loop(application: ApplicationId): ApplicationLoop | undefined;
  /** Every loop looks again. */
  wake(): void;
  stop(): Promise<void>;
}

/** Longer than this nobody waits for what another application wants; nothing is deleted then. */
const resolveWaitMs = 10_000;
const acceptAgainMs = 5000;

/** Options of {@link createCrew}. */
export interface CrewOptions {
  readonly ground: Ground;
  readonly namespaces: Namespaces;
  readonly reporter: Reporter;
  readonly random: () => number;
  /** Tells the story beside the objects. */
  readonly narrator?: Pick<Narrator, 'drifted' | 'failed'>;
}

/** Makes the crew of one agent. */
export function createCrew(options: CrewOptions): Crew {
  return new LoopCrew(options);
}

class LoopCrew implements Crew {
  readonly #options: CrewOptions;
  readonly #loops = new Map<ApplicationId, ApplicationLoop>();
  readonly #goals = new Map<ApplicationId, string>();
  /** Who has an object: one application, or of a Namespace several. */
  readonly #holders = new Map<string, Set<ApplicationId>>();
  readonly #newKinds: NewKinds;
  #accepting: Promise<void> = Promise.resolve();
  #newest: AcceptedState | undefined;
  #stopped = false;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#newKinds = new NewKinds(options.ground, () => this.#company.kindsChanged());
  }

  readonly listener: WatchListener = {
    seen: (object, whole) => this.#tell(keyOf(object), { object, whole }),
    gone: (key) => this.#tell(key, 'Gone'),
    listed: (kind) => {
      for (const loop of this.#loops.values()) loop.listed(kind);
    },
  };

  async open(): Promise<void> {
    for (const application of this.#options.ground.state.applications()) await this.#loopOf(application);
  }

  accept(state: AcceptedState, traceparent?: string): Promise<void> {
    this.#newest = state;
    // One after the other: a goal that was overtaken must not come last.
    this.#accepting = this.#accepting.then(() => this.#acceptOrRetry(state, traceparent));
    return this.#accepting;
  }

  loop(application: ApplicationId): ApplicationLoop | undefined {
    return this.#loops.get(application);
  }

  wake(): void {
    for (const loop of this.#loops.values()) loop.wake();
  }

  unwritten({ entries }: AcceptedState, error: FairleadError): void {
    for (const entry of entries)
      if (this.#goals.get(entry.application) !== JSON.stringify(entry))
        this.#options.reporter.status(unreadable(entry, error));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#newKinds.stop();
    await this.#accepting;
    const stopped = await Promise.allSettled([...this.#loops.values()].map((loop) => loop.stop()));
    for (const result of stopped)
      if (result.status === 'rejected') this.#options.ground.log.warn('stop.failed', { error: String(result.reason) });
  }

  /** What cannot be read now, since the API server is away, is read again; the newest state wins. */
  async #acceptOrRetry(state: AcceptedState, traceparent: string | undefined): Promise<void> {
    const { clock, log } = this.#options.ground;
    let isDone = false;
    try {
      isDone = await this.#accept(state, traceparent);
    } catch (thrown) {
      log.error('accept.failed', { error: asFairleadError(thrown).message });
    }
    if (isDone || this.#stopped) return;
    clock.after(acceptAgainMs, () => {
      if (this.#newest === state && !this.#stopped) void this.accept(state);
    });
  }

  /** False if an application could not be read. */
  async #accept({ entries, tombstones }: AcceptedState, traceparent: string | undefined): Promise<boolean> {
    let isDone = true;
    const { reporter, ground } = this.#options;
    const changed: { loop: ApplicationLoop; goal: Goal; text: string }[] = [];
    for (const word of [...entries, ...tombstones]) {
      const { application } = word;
      const text = JSON.stringify(word);
      if (this.#goals.get(application) === text) continue;
      if (traceparent !== undefined) reporter.traced(application, traceparent);
      const goal = await this.#goalOf(word);
      if (!goal) isDone = false;
      if (goal?.to === 'Leave' && !this.#loops.has(application)) reporter.removed(application);
      else if (goal) changed.push({ loop: await this.#loopOf(application), goal, text });
    }
    const named = new Set([...entries, ...tombstones].map(({ application }) => application));
    // All at once: whoever inherits an object must be known before its holder lets it go.
    for (const { loop, goal, text } of changed) {
      this.#goals.set(loop.application, text);
      loop.aim(goal);
    }
    for (const [application, loop] of this.#loops) {
      if (named.has(application)) continue;
      ground.log.warn('application.orphaned', { application });
      this.#goals.delete(application);
      loop.aim({ to: 'Stay' });
    }
    return isDone;
  }

  async #goalOf(word: DesiredEntry | Tombstone): Promise<Goal | undefined> {
    if (!('bundle' in word)) return { to: 'Leave', tombstone: word };
    try {
      return await this.#runGoal(word);
    } catch (thrown) {
      const error = asFairleadError(thrown);
      const { application } = word;
      this.#options.ground.log.error('application.unreadable', {
        application,
        reason: error.reason,
        error: error.message,
      });
      this.#options.reporter.status(unreadable(word, error));
      return undefined;
    }
  }

  async #runGoal(entry: DesiredEntry): Promise<Goal> {
    const index = await this.#options.ground.state.index(entry.bundle);
    const assignment: Assignment = { entry, index, rules: compileRules(index.health) };
    return { to: 'Run', assignment };
  }

  async #loopOf(application: ApplicationId): Promise<ApplicationLoop> {
    const known = this.#loops.get(application);
    if (known) return known;
    const { ground, namespaces, reporter, random } = this.#options;
    const loop = await ApplicationLoop.open({
      application,
      ground,
      namespaces,
      reporter,
      random,
      company: this.#company,
    });
    this.#loops.set(application, loop);
    return loop;
  }

  #tell(key: ObjectKey, seen: { object: KubeObject; whole: boolean } | 'Gone'): void {
    const text = keyText(key);
    for (const application of this.#holders.get(text) ?? []) this.#loops.get(application)?.seen(text, seen);
  }

  readonly #company: Company = {
    claim: (text, { application, shared }) => {
      const holders = this.#holders.get(text) ?? new Set();
      const other = shared ? undefined : [...holders].find((one) => one !== application);
      if (other !== undefined) return other;
      this.#holders.set(text, holders.add(application));
      return undefined;
    },
    unclaim: (text, application) => {
      const holders = this.#holders.get(text);
      holders?.delete(application);
      if (holders?.size === 0) this.#holders.delete(text);
      // Whoever was refused the object may have it now.
      for (const loop of this.#loops.values()) if (loop.application !== application && loop.wants(text)) loop.wake();
    },
    othersResolved: async (application) => {
      const { team } = splitApplicationId(application);
      const others = [...this.#loops.values()].filter(
        (loop) => loop.application !== application && splitApplicationId(loop.application).team === team,
      );
      const late = new AbortController();
      const tooLong = pause(this.#options.ground.clock, resolveWaitMs, late.signal).then(() => false);
      const known = await Promise.race([Promise.all(others.map((loop) => loop.resolved)).then(() => true), tooLong]);
      late.abort();
      return known;
    },
    heirOf: (text, from) => {
      const { team } = splitApplicationId(from);
      for (const [application, loop] of this.#loops) {
        if (application !== from && splitApplicationId(application).team === team && loop.wants(text))
          return application;
      }
      return undefined;
    },
    handIn: (entry, to) => this.#loops.get(to)?.handIn(entry),
    bequeath: (text, from) => {
      for (const one of this.#holders.get(text) ?? []) if (one !== from) this.#loops.get(one)?.inheritOrigin(text);
    },
    isShared: (text, application) => [...(this.#holders.get(text) ?? [])].some((one) => one !== application),
    lacksKinds: (application, lacks) => this.#newKinds.lacks(application, lacks),
    kindsChanged: () => {
      const lacking = [...this.#loops.values()].filter((loop) => loop.lacksKinds());
      if (lacking.length === 0) return;
      this.#options.ground.cluster.forgetKinds();
      for (const loop of lacking) loop.wake();
    },
    drifted: (item) => {
      this.#options.reporter.drift(item);
      this.#options.narrator?.drifted(item);
    },
    failed: (application, problem) => this.#options.narrator?.failed(application, problem),
    finished: (application) => {
      const loop = this.#loops.get(application);
      this.#loops.delete(application);
      this.#goals.delete(application);
      this.#newKinds.lacks(application, false);
      // The loop is in its last turn: waiting for it here would wait for itself.
      void loop?.stop();
      const kinds = new Set([...this.#loops.values()].flatMap((one) => [...one.kinds()]));
      this.#options.ground.watchers().keep(kinds);
    },
  };
}

function unreadable(entry: DesiredEntry, error: { reason: LoopStatus['reason']; message: string }): LoopStatus {
  return {
    application: entry.application,
    release: entry.release,
    bundle: entry.bundle,
    attempt: entry.attempt,
    sync: 'Failed',
    health: 'Unknown',
    drift: 'None',
    reason: error.reason,
    message: error.message,
    objects: 0,
    healthyObjects: 0,
    problems: [],
  };
}
