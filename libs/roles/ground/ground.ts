import { randomUUID } from 'node:crypto';
import { openLog } from '@fairlead/adapters/telemetry';
import { asFairleadError, type FairleadError } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';
import type { Log } from '@fairlead/roles/http';
import { startObserving, type Observing } from '@fairlead/roles/observe';
import type { Address, BusChoice, StoreChoice } from '@fairlead/roles/settings';
import { startRelay } from '@fairlead/shell/outbox';
import { chosenBus } from './bus.ts';
import { ringing } from './ringing.ts';
import { chosenStore } from './store.ts';

/** Of the hub, as the API's document says it too. */
const version = '0.1.0';

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
  /** Where parts are measured, and say how they are. */
  readonly observing: Observing;
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
  /** Plain HTTP: probes and Prometheus. */
  readonly metrics?: Address;
  /** Where traces go, by OTLP over HTTP. */
  readonly otlp?: string;
}

/**
 * Programs that answer without the bus: they read and write the store, and who waits for a doorbell waits a little longer.
 * Were they all unready with it, a delay would be an outage.
 */
const withoutBus: ReadonlySet<string> = new Set(['api', 'gateway', 'hub']);

/** When messages count as left behind by a process that died between its write and the bus. */
const leftBehind = { afterMs: 20_000, everyMs: 15_000 };

/** Opens store and bus, and carries the outbox from the one to the other. */
export async function openGround(options: GroundOptions): Promise<Ground> {
  const { program, store: choice, bus: busChoice, blobKey, workerUrl, metrics, otlp } = options;
  const instance = `${program}-${randomUUID()}`;
  const log = openLog({ role: program, instance });
  const observing = await startObserving({
    program,
    instance,
    version,
    log,
    clock: systemClock,
    ...(metrics && { metrics }),
    ...(otlp !== undefined && { otlp }),
  });
  const { clock } = observing;
  const onProblem = (problem: unknown): void => log.warn({ err: asFairleadError(problem) }, 'problem');
  const { bus: plainBus, problem } = await chosenBus(busChoice, {
    clock,
    name: instance,
    onError: (error, subject) => log.error({ err: error, subject }, 'a message was not handled'),
    onProblem,
  });
  const opened = await chosenStore(choice, {
    ...(blobKey ? { blobKey } : {}),
    ...(workerUrl ? { workerUrl } : {}),
  });
  const bus = observing.bus(plainBus, busChoice.kind === 'nats' ? 'nats' : 'in_process');
  const store = observing.store(ringing(opened), choice.kind === 'sqlite' ? 'sqlite' : 'postgresql');
  observing.needs({ name: 'bus', problem, optional: withoutBus.has(program) });
  observing.needs({ name: 'store', problem: () => store.fact('hub').then(() => undefined) });
  const alone = choice.kind === 'sqlite';
  const relay = startRelay({
    store: observing.outbox(store),
    bus,
    clock,
    onError: onProblem,
    ...(alone ? {} : { others: leftBehind }),
  });
  return {
    instance,
    alone,
    log,
    clock,
    store,
    bus,
    observing,
    onProblem,
    busProblem: problem,
    async close() {
      await relay.stop();
      await bus.close();
      await store.close();
      await observing.close();
    },
  };
}
