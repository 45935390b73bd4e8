import { Worker } from 'node:worker_threads';
import { FairleadError } from '@fairlead/core/model';
import type { Store } from '@fairlead/ports/store';
import {
  fairleadError,
  type CallName,
  type EngineOptions,
  type FromThread,
  type Reply,
  type Request,
  type ToThread,
} from './protocol.ts';

/** Options of {@link openStore}. */
export interface StoreOptions {
  /** The database file; made with its tables if it does not exist. Its folder must exist. */
  readonly file: string;
  /** 32 bytes that lie beside the store: what secret blobs are encrypted under (AES-256-GCM). */
  readonly key: Uint8Array;
  /** How many events are kept, the newest; 100,000 unless told. */
  readonly journalLimit?: number;
  /** The thread's program: `worker.ts` beside this file, or its own entry in a bundle. */
  readonly workerUrl?: URL;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How many calls may wait for the thread. Beyond it the caller is told to come back: a queue without end helps nobody. */
const pendingLimit = 100_000;

/**
 * Opens the SQLite store in a thread of its own, and alone: a second process on the same file is refused with
 * FailedPrecondition. A write is on disk when its promise resolves (WAL, synchronous=FULL, one fsync for all calls that
 * came together).
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { file, key, journalLimit = 100_000 } = options;
  const workerData: EngineOptions = { file, key, journalLimit };
  const worker = new Worker(options.workerUrl ?? new URL('./worker.ts', import.meta.url), {
    workerData,
    // node:sqlite still announces itself as experimental.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const thread = new Thread(worker);
  return storeOver(thread, await thread.opened);
}

/** This side of the thread: numbers calls and hands out answers. */
class Thread {
  readonly opened: Promise<string>;
  readonly bells = new Set<() => void>();
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #gone: Promise<void>;
  #gathered: Request[] = [];
  #lastId = 0;
  #failure: FairleadError | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    const opening = Promise.withResolvers<string>();
    this.opened = opening.promise;
    worker.on('message', (message: FromThread) => {
      if (message.type === 'open') opening.resolve(message.id);
      else if (message.type === 'refused') opening.reject(fairleadError(message.error));
      else if (message.type === 'replies') this.#answer(message.replies, message.rang);
    });
    worker.on('error', (cause) => this.#fail(cause));
    this.#gone = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#fail(undefined);
        opening.reject(this.#failure);
        resolve();
      });
    });
  }

  call(name: CallName, args: readonly unknown[]): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#pending.size >= pendingLimit) return Promise.reject(overloaded());
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      // Calls of one turn of the event loop cross together: a message costs more than the call in it.
      if (this.#gathered.push({ id, call: name, args }) === 1) setImmediate(() => this.#send());
    });
  }

  async close(): Promise<void> {
    this.#send();
    this.#say('close');
    await this.#gone;
  }

  #send(): void {
    const requests = this.#gathered;
    this.#gathered = [];
    if (requests.length === 0) return;
    try {
      this.#say(requests);
    } catch (cause) {
      // One of them holds what cannot cross; the others go on their own.
      for (const request of requests) this.#sendAlone(request, cause);
    }
  }

  #sendAlone(request: Request, cause: unknown): void {
    try {
      this.#say([request]);
    } catch {
      this.#pending.get(request.id)?.reject(cause);
      this.#pending.delete(request.id);
    }
  }

  #say(message: ToThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(message);
  }

  #answer(replies: readonly Reply[], rang: boolean): void {
    for (const reply of replies) {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if ('error' in reply) pending?.reject(fairleadError(reply.error));
      else pending?.resolve(reply.value);
    }
    if (rang) for (const ring of this.bells) ring();
  }

  #fail(cause: unknown): void {
    this.#failure ??= new FairleadError('Cannot use the store: its thread has ended. Start the hub again.', {
      code: 'Unavailable',
      reason: 'Shutdown',
      cause,
    });
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}

function overloaded(): FairleadError {
  return new FairleadError(`Cannot take the call: ${pendingLimit} wait for the store already. Try again later.`, {
    code: 'ResourceExhausted',
    reason: 'RateLimited',
    retry: 'backoff',
  });
}

function storeOver(thread: Thread, id: string): Store {
  const call =
    <Name extends CallName>(name: Name) =>
    (...args: Parameters<Store[Name]>): ReturnType<Store[Name]> =>
      thread.call(name, args) as ReturnType<Store[Name]>;
  return {
    id,
    write: call('write'),
    cluster: call('cluster'),
    clusters: call('clusters'),
    raiseSession: call('raiseSession'),
    lead: call('lead'),
    resign: call('resign'),
    beat: call('beat'),
    sweepInstances: call('sweepInstances'),
    instances: call('instances'),
    desired: call('desired'),
    assignments: call('assignments'),
    statuses: call('statuses'),
    counts: call('counts'),
    connections: call('connections'),
    tallies: call('tallies'),
    missingBlobs: call('missingBlobs'),
    blobs: call('blobs'),
    assignedBundles: call('assignedBundles'),
    unusedBlobs: call('unusedBlobs'),
    dropBlobs: call('dropBlobs'),
    fact: call('fact'),
    factsOf: call('factsOf'),
    facts: call('facts'),
    claimToken: call('claimToken'),
    events: call('events'),
    outbox: call('outbox'),
    onOutbox(callback) {
      thread.bells.add(callback);
      return () => void thread.bells.delete(callback);
    },
    close: () => thread.close(),
  };
}
