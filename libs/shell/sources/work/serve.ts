import { asFairleadError, FairleadError, plainError, type JsonObject } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';
import { untold, type Cause, type Steps } from '@fairlead/ports/steps';
import type { Change, Guard, Store } from '@fairlead/ports/store';
import type { Rendering } from '../releases.ts';
import { answerPrefix, isAside, workOf, workPrefix, type AnswerFact, type Work, type WorkFact } from './words.ts';

/** One instance's share of the work that is asked of the sources role. */
export interface RenderingService {
  /** Looks over everything that is asked for: at the start, and after instances came or went. */
  lookAll(): void;
  /** Takes nothing new; resolves when what was begun is answered. */
  close(): Promise<void>;
}

/** What serving needs. */
export interface ServePorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Who is told of the work; nobody unless given. */
  readonly steps?: Steps;
}

/** Who serves, and how. */
export interface ServeOptions {
  readonly instance: string;
  /** Instances that are alive now. */
  readonly live: () => readonly string[];
  /** Who of them a source belongs to: it has the files at hand. */
  readonly ownerOf: (source: string) => string | undefined;
  readonly rendering: Rendering;
}

/** How many pieces of work an instance does at once. */
const atOnce = 4;
/** How many of those that only people wait for, beside them. */
const asidesAtOnce = 2;
/** How long an answer stays for those who may still read it. */
const answersStayMs = 600_000;
/** How soon work is looked at again that the store kept from being done. */
const retryAfterMs = 5_000;

/**
 * Does what is asked of the sources role. A piece of work is done by one instance: the owner of its source claims it in
 * the store, and only the one who has the claim answers. A claim lasts as long as its instance lives; the work of a dead
 * one is taken over.
 */
export function serveRendering(ports: ServePorts, options: ServeOptions): RenderingService {
  const service = new Service(ports, options);
  service.lookAll();
  return service;
}

class Service implements RenderingService {
  readonly #ports: ServePorts;
  readonly #options: ServeOptions;
  readonly #steps: Steps;
  readonly #waiting = new Map<string, Cause>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #unsubscribe: () => void;
  #isClosed = false;

  constructor(ports: ServePorts, options: ServeOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#steps = ports.steps ?? untold;
    this.#unsubscribe = ports.bus.subscribe('work', ({ key }) => this.#take(key), { lost: () => this.lookAll() });
  }

  lookAll(): void {
    this.#lookOver().catch((thrown: unknown) => this.#later(thrown, () => this.lookAll()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#waiting.clear();
    await Promise.all(this.#running.values());
  }

  /** What the store did not take or tell is tried again: no bell would come for it. */
  #later(thrown: unknown, again: () => void): void {
    this.#ports.onError(thrown);
    this.#ports.clock.after(retryAfterMs, () => {
      if (!this.#isClosed) again();
    });
  }

  async #lookOver(): Promise<void> {
    const { store, clock } = this.#ports;
    for (const key of (await store.facts(workPrefix)).keys()) this.#take(key.slice(workPrefix.length));
    const answers = await store.facts(answerPrefix);
    const old = [...answers].filter(([, value]) => isOld(value, clock.now())).map(([key]) => key);
    if (old.length > 0) await store.write(old.map((key): Change => ({ drop: 'fact', key })));
  }

  #take(key: string): void {
    if (this.#isClosed || this.#running.has(key)) return;
    const causes = this.#steps.gather();
    causes.add();
    this.#waiting.set(key, causes.take());
    this.#next();
  }

  #next(): void {
    for (const [key, cause] of this.#waiting) {
      if (!this.#hasRoomFor(key)) continue;
      this.#waiting.delete(key);
      const work = this.#steps
        .run('serve work', () => this.#claimAndDo(key), { cause, quiet: true })
        .catch((thrown: unknown) => this.#later(thrown, () => this.#take(key)))
        .finally(() => {
          this.#running.delete(key);
          if (!this.#isClosed) this.#next();
        });
      this.#running.set(key, work);
    }
  }

  #hasRoomFor(key: string): boolean {
    const alike = [...this.#running.keys()].filter((one) => isAside(one) === isAside(key)).length;
    return alike < (isAside(key) ? asidesAtOnce : atOnce);
  }

  async #claimAndDo(key: string): Promise<void> {
    const { store } = this.#ports;
    const { instance } = this.#options;
    const fact = (await store.fact(`${workPrefix}${key}`)) as unknown as WorkFact | undefined;
    if (fact === undefined || !this.#isMine(fact)) return;
    const claimed: WorkFact = { ...fact, by: instance };
    const value = claimed as unknown as JsonObject;
    const claim: Change = { put: 'fact', key: `${workPrefix}${key}`, value };
    if (!(await this.#writeIf([claim], { key, by: fact.by }))) return;
    const answer = await this.#answer(fact);
    const changes: Change[] = [
      { drop: 'fact', key: `${workPrefix}${key}` },
      { put: 'fact', key: `${answerPrefix}${key}`, value: answer as unknown as JsonObject },
      { put: 'outbox', row: { subject: 'answered', payload: { key } } },
    ];
    await this.#writeIf(changes, { key, by: instance });
  }

  /** The owner's, unless somebody alive has it already. */
  #isMine({ near, by }: WorkFact): boolean {
    const { instance, live, ownerOf } = this.#options;
    if (by !== undefined && by !== instance && live().includes(by)) return false;
    return ownerOf(near) === instance;
  }

  async #answer(fact: WorkFact): Promise<AnswerFact> {
    const { clock } = this.#ports;
    const { rendering } = this.#options;
    try {
      const value = await answerTo(workOf(fact), rendering);
      return { atMs: clock.now(), value: value as unknown as JsonObject };
    } catch (thrown) {
      return { atMs: clock.now(), problem: plainError(asFairleadError(thrown)) };
    }
  }

  /** False where another instance has the work now. */
  async #writeIf(changes: readonly Change[], { key, by }: { key: string; by: string | undefined }): Promise<boolean> {
    const guard: Guard = { fact: { key: `${workPrefix}${key}`, field: 'by', is: by } };
    try {
      await this.#ports.store.write(changes, guard);
      return true;
    } catch (thrown) {
      if (asFairleadError(thrown).code === 'Conflict') return false;
      throw thrown;
    }
  }
}

async function answerTo(work: Work, rendering: Rendering): Promise<object> {
  switch (work.kind) {
    case 'describe':
      return rendering.describe(work.asked);
    case 'render':
      return { bundle: await rendering.render(work.asked) };
    case 'changes':
      return rendering.changes(work.asked);
    default:
      throw new FairleadError(
        `Cannot answer ${JSON.stringify((work as { kind?: unknown }).kind)}: this instance of the sources role does not know such work. Run one release of every role.`,
        { code: 'Unavailable', reason: 'SourcesSilent', retry: 'backoff' },
      );
  }
}

function isOld(value: JsonObject, nowMs: number): boolean {
  const { atMs } = value as unknown as AnswerFact;
  return Math.abs(nowMs - atMs) > answersStayMs;
}
