import { setTimeout as delay } from 'node:timers/promises';
import { FairleadError } from '@fairlead/core/model';
import type { Client } from 'pg';
import type { Call } from './batch/calls.ts';
import type { Outcome } from './batch/judge.ts';
import type { StatementOptions } from './batch/table.ts';
import { cameToPass, CommitUnknown, introduce, transact } from './batch/transact.ts';
import { failureOf, storeError, unavailable } from './errors.ts';
import { pauseMs } from './patience.ts';

/** What a lane works with. */
export interface LaneOptions {
  /** A new connection that pipelines its statements. */
  readonly connect: () => Promise<Client>;
  readonly statements: StatementOptions;
  /** For how long calls are tried again while the server is away. */
  readonly patienceMs: number;
  /** Called after each transaction that put something into the outbox. */
  readonly rang: () => void;
}

interface Pending {
  readonly call: Call;
  readonly sinceMs: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How many calls may wait; beyond it the caller is told to come back. */
const queueLimit = 100_000;
/** What one transaction holds at most, so that no answer waits for an endless one. */
const most = { calls: 1_000, changes: 5_000, blobBytes: 8_388_608 };

/**
 * The one way in for small writes: what comes while a transaction runs is gathered and becomes the next one, in order. So
 * the more comes, the more shares one trip and one fsync.
 */
export class Lane {
  readonly #options: LaneOptions;
  #queue: Pending[] = [];
  #client: Client | undefined;
  #working: Promise<void> | undefined;
  #isClosed = false;
  /** Of the last transaction. */
  #number = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Settles when the call is durable, or refused. */
  add(call: Call): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(shutDown());
    if (this.#queue.length >= queueLimit) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      this.#queue.push({ call, sinceMs: performance.now(), resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Carries out what waits, and takes nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#working;
    const client = this.#client;
    this.#client = undefined;
    if (client) await client.end();
  }

  async #work(): Promise<void> {
    // The first of a burst waits for the rest of it.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) await this.#carry(this.#take());
    this.#working = undefined;
  }

  #take(): Pending[] {
    let changes = 0;
    let bytes = 0;
    let count = 0;
    for (const { call } of this.#queue) {
      const [more, moreBytes] = weightOf(call);
      const fits = count < most.calls && changes + more <= most.changes && bytes + moreBytes <= most.blobBytes;
      if (count > 0 && !fits) break;
      count += 1;
      changes += more;
      bytes += moreBytes;
    }
    return this.#queue.splice(0, count);
  }

  /** Until it is written or refused, or patience ends. */
  async #carry(batch: readonly Pending[]): Promise<void> {
    let untilMs = Infinity;
    let unknown: CommitUnknown | undefined;
    const { statements: options } = this.#options;
    const calls = batch.map(({ call }) => call);
    for (let tries = 0; ; tries += 1) {
      try {
        const client = (this.#client ??= await this.#connect());
        if (unknown && (await cameToPass(client, { writer: options.self, batch: unknown.batch })))
          return this.#settle(batch, unknown.outcomes);
        unknown = undefined;
        return this.#settle(batch, await transact(client, { number: (this.#number += 1), calls, options }));
      } catch (thrown) {
        if (thrown instanceof CommitUnknown) unknown = thrown;
        const failure = failureOf(thrown instanceof CommitUnknown ? thrown.cause : thrown);
        if (failure === 'connection') this.#drop();
        if (unknown === undefined && failure !== 'connection' && failure !== 'contention')
          return this.#fail(batch, thrown);
        untilMs = Math.min(untilMs, performance.now() + this.#options.patienceMs);
        if (performance.now() >= untilMs) return this.#giveUp(batch, { thrown, isUnknown: unknown !== undefined });
        await delay(pauseMs(tries));
      }
    }
  }

  async #connect(): Promise<Client> {
    const client = await this.#options.connect();
    await introduce(client, this.#options.statements.self).catch((thrown: unknown) => {
      destroy(client);
      throw thrown;
    });
    const forget = (): void => {
      if (this.#client === client) this.#client = undefined;
    };
    client.once('end', forget);
    client.once('error', forget);
    return client;
  }

  /** A connection that failed in the middle is not used again; a server that hangs is not waited for. */
  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    if (client) destroy(client);
  }

  #settle(batch: readonly Pending[], outcomes: readonly Outcome[]): void {
    let rang = false;
    for (const [at, { call, resolve, reject }] of batch.entries()) {
      const outcome = outcomes[at] as Outcome;
      if ('error' in outcome) {
        reject(outcome.error);
        continue;
      }
      rang ||= rings(call);
      resolve(outcome.value);
    }
    if (rang) this.#options.rang();
  }

  /** One of them cannot be written: each by itself, so that it takes none of the others down. */
  async #fail(batch: readonly Pending[], thrown: unknown): Promise<void> {
    const [only, ...others] = batch;
    if (others.length === 0 || failureOf(thrown) === 'refused')
      for (const { reject } of batch) reject(storeError(thrown));
    else for (const one of [only as Pending, ...others]) await this.#carry([one]);
  }

  #giveUp(batch: readonly Pending[], { thrown, isUnknown }: { thrown: unknown; isUnknown: boolean }): void {
    const error = isUnknown
      ? unavailable(
          'Cannot say whether it was written: PostgreSQL went away during the commit. Read before you write again.',
          thrown,
        )
      : storeError(thrown);
    for (const { reject } of batch) reject(error);
    // Those behind have waited as long: they are not made to wait for their turn to fail.
    const oldestMs = performance.now() - this.#options.patienceMs;
    const waiting = this.#queue.findIndex(({ sinceMs }) => sinceMs > oldestMs);
    for (const { reject } of this.#queue.splice(0, waiting < 0 ? this.#queue.length : waiting)) reject(error);
  }
}

/** Closes the socket: `end` would ask the server first. */
export function destroy(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

function weightOf(call: Call): [changes: number, blobBytes: number] {
  if (call.kind === 'hello') return [1, 0];
  let bytes = 0;
  for (const change of call.changes) if ('put' in change && change.put === 'blob') bytes += change.row.data.length;
  return [call.changes.length, bytes];
}

function rings(call: Call): boolean {
  return call.kind === 'write' && call.changes.some((change) => 'put' in change && change.put === 'outbox');
}

function overloaded(): FairleadError {
  return new FairleadError(`Cannot take the call: ${queueLimit} wait for the store already. Try again later.`, {
    code: 'ResourceExhausted',
    reason: 'RateLimited',
    retry: 'backoff',
  });
}

/** What a closed store answers. */
export function shutDown(): FairleadError {
  return new FairleadError('Cannot use the store: it is closed. Start the hub again.', {
    code: 'Unavailable',
    reason: 'Shutdown',
  });
}
