import {
  attemptTraces,
  countBytes,
  followDeliveries,
  measuredBus,
  measuredListener,
  measuredStore,
  notingAttempts,
  observeState,
  serveProbes,
  startTelemetry,
  tracedSteps,
  untracedClock,
  type BusSystem,
  type Observed,
  type ReadyCheck,
  type StoreSystem,
} from '@fairlead/adapters/telemetry';
import { asFairleadError, FairleadError } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';
import { untold, type Steps } from '@fairlead/ports/steps';
import type { Store } from '@fairlead/ports/store';
import type { AgentListener, OnBytes } from '@fairlead/ports/transport';
import type { Log } from '@fairlead/roles/http';
import { startWatchdog, watchBacklog, type Backlog, type LoopReport, type WatchedLoop } from '@fairlead/shell/watchdog';
import { journalStall } from './alarm.ts';

/** What a process is observed by. */
export interface ObserveOptions {
  /** Such as `gateway`; of the hub in one process `hub`. */
  readonly program: string;
  readonly instance: string;
  readonly version: string;
  /** Where probes and scrapes are answered; nowhere unless given. */
  readonly metrics?: { readonly host: string; readonly port: number };
  /** Where traces go; none are made unless given. */
  readonly otlp?: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** A process that is observed: what its parts are wrapped into, and where they say how they are. */
export interface Observing {
  /** The clock whose timers belong to no trace. */
  readonly clock: Clock;
  /** For loops that tell of their steps. */
  readonly steps: Steps;
  store(store: Store, system: StoreSystem): Store;
  /** The store as the relay should have it; from then on the outbox is watched, and stalls go to the journal. */
  outbox(store: Store): Backlog['store'];
  /** The store as the planner should have it. */
  noting(store: Store): Store;
  bus(bus: Bus, system: BusSystem): Bus;
  agents(listener: AgentListener, parts: { readonly store: Store; readonly transport: 'grpc' | 'nats' }): AgentListener;
  /** For a listener of agents to count by; undefined where nobody asks. */
  bytes(transport: 'grpc' | 'nats'): OnBytes | undefined;
  /** A loop that must not live and do nothing. */
  watch(loop: WatchedLoop): void;
  /** Something that the process needs for its work. */
  needs(check: ReadyCheck): void;
  state(observed: Observed): void;
  /** Where probes are answered, for the ready line: `HOST:PORT`. */
  readonly where: { readonly probes?: string };
  /** The process has started: from now on it can be ready. */
  started(): void;
  close(): Promise<void>;
}

/** How long a relay may leave the oldest doorbell without trying. */
const outboxLimitMs = 120_000;

/** Starts what the settings ask for. Without probes and traces the parts stay as they are, and only the watchdog looks. */
export async function startObserving(options: ObserveOptions): Promise<Observing> {
  const { program, instance, version, metrics, otlp, log, clock: plainClock } = options;
  const isOn = metrics !== undefined || otlp !== undefined;
  const clock = isOn ? untracedClock(plainClock) : plainClock;
  const telemetry = await startTelemetry({
    service: `fairlead-${program}`,
    version,
    instance,
    metrics: metrics !== undefined,
    ...(otlp === undefined ? {} : { otlp: { url: otlp } }),
    clock,
    onProblem: (problem) => log.warn({ err: problem }, 'traces are dropped'),
  });
  const deliveries = followDeliveries(clock);
  const checks: ReadyCheck[] = [];
  let journal: Store | undefined;
  const alarm = (report: LoopReport, change: 'began' | 'over'): void => {
    const line = journalStall({ report, change, instance, nowMs: clock.now() });
    log.error({ loop: report.name, waitedMs: report.waitedMs }, line.row.message);
    journal?.write([line]).catch((thrown: unknown) => log.warn({ err: asFairleadError(thrown) }, 'not in the journal'));
  };
  const dog = startWatchdog({ clock, alarm });
  let hasStarted = false;
  checks.push({ name: 'started', problem: () => (hasStarted ? undefined : starting()) });
  observeState({ loops: dog.reports });
  const { metricsText } = telemetry;
  const server = metrics && (await serveProbes(metrics, { clock, loops: dog.reports, checks, metricsText }));
  return {
    clock,
    steps: isOn ? tracedSteps : untold,
    store: (store, system) => (isOn ? measuredStore(store, { system }) : store),
    outbox(store) {
      journal = store;
      const backlog = watchBacklog(store, clock);
      dog.watch({ name: 'relay', limitMs: outboxLimitMs, read: backlog.read });
      observeState({ outbox: backlog.waiting });
      return backlog.store;
    },
    noting: (store) => (isOn ? notingAttempts(store, clock) : store),
    bus: (bus, system) => (isOn ? measuredBus(bus, { system }) : bus),
    agents(listener, { store, transport }) {
      const parts = { clock, attempts: attemptTraces(store), deliveries, transport };
      return isOn ? measuredListener(listener, parts) : listener;
    },
    bytes: (transport) => (isOn ? countBytes(transport) : undefined),
    watch: (loop) => dog.watch(loop),
    needs: (check) => void checks.push(check),
    state: observeState,
    where: server ? { probes: server.address } : {},
    started: () => void (hasStarted = true),
    async close() {
      dog.close();
      deliveries.close();
      await server?.close();
      await telemetry.close();
    },
  };
}

function starting(): FairleadError {
  return new FairleadError('The process has not started yet.', { code: 'Unavailable', reason: 'NotSeenYet' });
}
