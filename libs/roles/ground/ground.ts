import { randomUUID } from 'node:crypto';
import { asFairleadError, type FairleadError } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';
import type { Log } from '@fairlead/roles/http';
import type { BusChoice, StoreChoice } from '@fairlead/roles/settings';
import { startRelay } from '@fairlead/shell/outbox';
import { chosenBus } from './bus.ts';
import { openLog } from './log.ts';
import { ringing } from './ringing.ts';
import { chosenStore } from './store.ts';

/** What every role stands on: the roles meet through store, bus and git, and through nothing else. */
export interface Ground {
  /** Random for each start of a process: the name under which it leads, beats and claims. */
  readonly instance: string;
  /** True where no other process can have the store open. */
  readonly alone: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly store: Store;
  readonly bus: Bus;
  /** Hears what failed beside a call. */
  onProblem(problem: unknown): void;
  /** Why the bus cannot be used now; undefined while it can. */
  busProblem(): FairleadError | undefined;
  /** To be called when the roles are closed. */
  close(): Promise<void>;
}

/** How a ground is opened. */
export interface GroundOptions {
  readonly program: string;
  readonly store: StoreChoice;
  readonly bus: BusChoice;
  /** 32 bytes: what secret objects are encrypted under; roles that read and write none have no key. */
  readonly blobKey?: Uint8Array;
  /** The program of SQLite's thread, in a bundle. */
  readonly workerUrl?: URL;
}

/** When messages count as left behind by a process that died between its write and the bus. */
const leftBehind = { afterMs: 20_000, everyMs: 15_000 };

/** Opens store and bus, and carries the outbox from the one to the other. */
export async function openGround(options: GroundOptions): Promise<Ground> {
  const { program, store: choice, bus: busChoice, blobKey, workerUrl } = options;
  const clock = systemClock;
  const log = openLog('info');
  const instance = `${program}-${randomUUID()}`;
  const onProblem = (problem: unknown): void => log.warn({ err: asFairleadError(problem) }, 'problem');
  const { bus, problem } = await chosenBus(busChoice, {
    clock,
    name: instance,
    onError: (error, subject) => log.error({ err: error, subject }, 'a message was not handled'),
    onProblem,
  });
  const opened = await chosenStore(choice, {
    ...(blobKey ? { blobKey } : {}),
    ...(workerUrl ? { workerUrl } : {}),
    onProblem,
  });
  const store = ringing(opened);
  const alone = choice.kind === 'sqlite';
  const relay = startRelay({ store, bus, clock, onError: onProblem, ...(alone ? {} : { others: leftBehind }) });
  return {
    instance,
    alone,
    log,
    clock,
    store,
    bus,
    onProblem,
    busProblem: problem,
    async close() {
      await relay.stop();
      await bus.close();
      await store.close();
    },
  };
}
