import { asFairleadError, errorOf, FairleadError, isDigest, urlOf, type JsonObject } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';
import type { SourceChanges } from '@fairlead/ports/source';
import type { Change, Store } from '@fairlead/ports/store';
import { rememberCompared, type Compare } from '../changes.ts';
import { keptBundle } from '../render.ts';
import { renderRequest, type Rendering, type Resolved } from '../releases.ts';
import { answerPrefix, requestOf, workPrefix, type AnswerFact, type Work } from './words.ts';

/** Rendering by instances of the sources role. */
export interface RemoteRendering extends Rendering {
  close(): void;
}

/** What asking needs. */
interface AskPorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** How long an answer is waited for while instances are alive. */
const patienceMs = 300_000;
/** How many questions wait at once; further ones wait for their turn. */
const askedAtOnce = 256;
/** How many descriptions are remembered. */
const keptDescriptions = 10_000;

/**
 * Asks the sources role over store and bus: a fact says for what, a doorbell that there is something, and the answer is
 * a fact again. Questions of equal content are one. With nobody alive who could answer it fails at once (SourcesSilent,
 * to be tried again), rather than hold up whoever asks.
 */
export function askRendering(ports: AskPorts): RemoteRendering {
  const desk = new Desk(ports);
  const described = new Map<string, Promise<Resolved>>();
  const stops = [
    // Who comes may have other versions of the renderers.
    ports.bus.subscribe('instances', ({ role }) => {
      if (role !== 'sources') return;
      described.clear();
      desk.lookAll();
    }),
    ports.bus.subscribe('answered', ({ key }) => desk.look(key), { lost: () => desk.lookAll() }),
  ];
  return {
    describe(asked) {
      const work: Work = { kind: 'describe', asked };
      const { key } = requestOf(work);
      const known = described.get(key);
      if (known) return known;
      const asking = desk.ask(work).then((value) => value as unknown as Resolved);
      described.set(key, asking);
      asking.catch(() => described.delete(key));
      if (described.size > keptDescriptions) described.delete(described.keys().next().value ?? '');
      return asking;
    },
    async render(asked) {
      const kept = await keptBundle(ports.store, renderRequest(asked));
      if (kept !== undefined) return kept;
      const { bundle } = await desk.ask({ kind: 'render', asked });
      if (typeof bundle === 'string' && isDigest(bundle)) return bundle;
      throw new FairleadError('Cannot use the render: the answer names no bundle. Run one release of every role.', {
        code: 'Internal',
        reason: 'RenderFailed',
        retry: 'backoff',
      });
    },
    changes: rememberCompared(compareBy(desk)),
    close() {
      for (const stop of stops) stop();
      desk.close();
    },
  };
}

/** An instance of an older release takes the question for a render, and fails at it in words of its own. */
function compareBy(desk: Desk): Compare {
  return async (asked) => {
    const older = (cause?: unknown): FairleadError =>
      new FairleadError(
        `Cannot tell what changed in ${urlOf(asked.source)}: the instance of the sources role that was asked failed at it. Run one release of every role, or look at its log.`,
        { code: 'Unavailable', reason: 'SourcesSilent', retry: 'backoff', cause },
      );
    const value = await desk.ask({ kind: 'changes', asked }).catch((thrown: unknown) => {
      const error = asFairleadError(thrown);
      throw error.code === 'Internal' ? older(error) : error;
    });
    if (Array.isArray(value['commits'])) return value as unknown as SourceChanges;
    throw older();
  };
}

interface Waiting {
  readonly done: PromiseWithResolvers<JsonObject>;
  readonly answer: Promise<JsonObject>;
  isLooking: boolean;
  lookAgain: boolean;
}

/** Questions that are out, and those that wait for their turn. */
class Desk {
  readonly #ports: AskPorts;
  readonly #out = new Map<string, Waiting>();
  readonly #turns: (() => void)[] = [];
  #asked = 0;

  constructor(ports: AskPorts) {
    this.#ports = ports;
  }

  ask(work: Work): Promise<JsonObject> {
    const { key, fact } = requestOf(work);
    const known = this.#out.get(key);
    if (known) return known.answer;
    const done = Promise.withResolvers<JsonObject>();
    done.promise.catch(() => undefined); // it may come before anybody waits for it
    const answer = this.#inTurn(() => this.#put(key, { fact: fact as unknown as JsonObject, done }));
    this.#out.set(key, { done, answer, isLooking: false, lookAgain: false });
    return answer.finally(() => this.#out.delete(key));
  }

  lookAll(): void {
    for (const key of this.#out.keys()) this.look(key);
  }

  /** Looks whether there is an answer, or anybody who could give one. */
  look(key: string): void {
    const waiting = this.#out.get(key);
    if (!waiting) return;
    waiting.lookAgain = true;
    if (waiting.isLooking) return;
    waiting.isLooking = true;
    this.#read(key, waiting)
      .catch((thrown: unknown) => waiting.done.reject(asFairleadError(thrown)))
      .finally(() => {
        waiting.isLooking = false;
      });
  }

  close(): void {
    for (const { done } of this.#out.values())
      done.reject(
        new FairleadError('Cannot wait for the render: the process is stopping.', {
          code: 'Aborted',
          reason: 'Shutdown',
        }),
      );
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#asked >= askedAtOnce) await new Promise<void>((resolve) => void this.#turns.push(resolve));
    this.#asked += 1;
    try {
      return await work();
    } finally {
      this.#asked -= 1;
      this.#turns.shift()?.();
    }
  }

  async #put(key: string, { fact, done }: { fact: JsonObject; done: Waiting['done'] }): Promise<JsonObject> {
    const { store, clock } = this.#ports;
    const stop = clock.after(patienceMs, () => done.reject(silent(`none has answered within ${patienceMs / 1000} s`)));
    try {
      // What somebody else asks for already has perhaps been claimed: it stays as it is.
      const isAsked = (await store.fact(`${workPrefix}${key}`)) !== undefined;
      const ask: Change[] = isAsked
        ? []
        : [
            // An answer of before may be a failure that is over.
            { drop: 'fact', key: `${answerPrefix}${key}` },
            { put: 'fact', key: `${workPrefix}${key}`, value: fact },
          ];
      await store.write([...ask, { put: 'outbox', row: { subject: 'work', payload: { key } } }]);
      this.look(key);
      return await done.promise;
    } finally {
      stop();
    }
  }

  async #read(key: string, waiting: Waiting): Promise<void> {
    const { store } = this.#ports;
    while (waiting.lookAgain) {
      waiting.lookAgain = false;
      const answer = (await store.fact(`${answerPrefix}${key}`)) as unknown as AnswerFact | undefined;
      if (answer?.problem) return waiting.done.reject(errorOf(answer.problem));
      if (answer?.value) return waiting.done.resolve(answer.value);
      if ((await store.instances('sources')).length === 0) return waiting.done.reject(silent('none is alive'));
    }
  }
}

function silent(why: string): FairleadError {
  return new FairleadError(`Cannot ask an instance of the sources role: ${why}. Start one, or look at its log.`, {
    code: 'Unavailable',
    reason: 'SourcesSilent',
    retry: 'backoff',
  });
}
