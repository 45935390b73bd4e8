import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inProcessBus } from '@fairlead/adapters/bus';
import { grpcListener } from '@fairlead/adapters/grpc';
import { openKeys, type HubKeys } from '@fairlead/adapters/pki';
import { openStore } from '@fairlead/adapters/store';
import { asFairleadError, FairleadError, type ClusterName, type Digest } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';
import { apiModule } from '@fairlead/roles/api';
import { gatewayModule } from '@fairlead/roles/gateway';
import { createHttp, type Log } from '@fairlead/roles/http';
import { sourcesModule } from '@fairlead/roles/sources';
import { createGateway, type Gateway } from '@fairlead/shell/gateway';
import { startRelay } from '@fairlead/shell/outbox';
import { sameRepository } from '@fairlead/shell/sources';
import { peoplesActions } from './actions.ts';
import { openGit } from './git.ts';
import { openLog } from './log.ts';
import type { HubOptions, RunningHub } from './options.ts';
import { fleetInForce, startPlanning, type Planning } from './planning.ts';
import { readPorts } from './reads.ts';
import { ringing } from './ringing.ts';
import { webhookSecret } from './secrets.ts';

/** What is built first and closed last. */
interface Ground {
  readonly options: HubOptions;
  readonly log: Log;
  readonly keys: HubKeys;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** Calls a minute from one address. */
const callsPerMinute = 6000;

/** Starts all four roles in one process. Resolves when API and gateway listen; git may not have been read by then. */
export async function startHub(options: HubOptions, bundle: { readonly workerUrl?: URL } = {}): Promise<RunningHub> {
  const ground = await openGround(options, bundle);
  const { log, bus, store } = ground;
  const onProblem = (problem: unknown): void => log.warn({ err: asFairleadError(problem) }, 'problem');
  const relay = startRelay({ store, bus, onError: onProblem });
  let planning: Planning | undefined = undefined;
  const git = await openGit(options, () => fleetInForce(planning));
  const running = (planning = startPlanning({ ...ground, onProblem }, git));
  const epoch = followEpoch(store);
  let agents = '';
  const gateway = createGateway({
    instance: randomUUID(),
    store,
    bus,
    clock: ground.clock,
    authority: ground.keys,
    member: memberIn(store, running),
    epochReady: () => epoch.current() !== undefined && epoch.current() === running.planner.current()?.ledger.epoch,
    get gatewayAddress() {
      return agents;
    },
    onError: onProblem,
  });
  const stopEpoch = epoch.watch(bus, { changed: () => gateway.refresh(), onProblem });
  await gateway.start();
  const listener = grpcListener({
    ...options.grpc,
    caPem: ground.keys.caPem,
    server: () => ground.keys.server().then(identity),
    ticketSecret: ground.keys.ticketSecret,
    clock: ground.clock,
    onError: onProblem,
  });
  agents = advertised(options, (await listener.listen((channel) => gateway.accept(channel))).address);
  const http = await listenHttp(ground, { planning: running, gateway });
  log.info({ api: http.address, grpc: agents }, 'the hub listens');
  return {
    api: http.address,
    grpc: agents,
    dataFolder: options.dataFolder,
    async close() {
      stopEpoch();
      await http.close();
      gateway.close();
      await listener.close();
      await running.close();
      await relay.stop();
      await bus.close();
      git.repository.close();
      git.sources.close();
      await store.close();
    },
  };
}

async function openGround(options: HubOptions, bundle: { readonly workerUrl?: URL }): Promise<Ground> {
  const clock = systemClock;
  const log = openLog('info');
  const names = ['localhost', '127.0.0.1', options.listen.host, options.grpc.host, ...options.names];
  const keys = await openKeys(options.dataFolder, { names: [...new Set(names)], now: () => clock.now() });
  await mkdir(join(options.dataFolder, 'store'), { recursive: true, mode: 0o700 });
  const bus = inProcessBus({
    onError: (error, subject) => log.error({ err: error, subject }, 'a message was not handled'),
  });
  const file = join(options.dataFolder, 'store/hub.db');
  const store = await openStore({
    file,
    key: keys.blobKey,
    ...(bundle.workerUrl ? { workerUrl: bundle.workerUrl } : {}),
  });
  return { options, log, keys, clock, bus, store: ringing(store, bus) };
}

/** `HOST:PORT`, with brackets around an IPv6 address. */
function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What others dial: the first name that the hub was given, else where it listens. */
function advertised({ names: [name] }: HubOptions, address: string): string {
  return name === undefined ? address : hostPort(name, Number(address.slice(address.lastIndexOf(':') + 1)));
}

const identity = ({ certificatePem, keyPem }: { certificatePem: string; keyPem: string }) => ({
  certificatePem,
  keyPem,
});

/** The store's epoch, as the planner keeps it in the fact `hub`. */
function followEpoch(store: Store) {
  let known: number | undefined;
  const read = async (): Promise<void> => {
    const epoch = (await store.fact('hub'))?.['epoch'];
    known = typeof epoch === 'number' ? epoch : undefined;
  };
  return {
    current: () => known,
    /** Looks again whenever the journal grows: a raised epoch is a line in it. */
    watch(
      bus: Bus,
      { changed, onProblem }: { changed: () => void; onProblem: (problem: unknown) => void },
    ): () => void {
      const look = async (): Promise<void> => {
        const before = known;
        await read();
        if (known !== before) changed();
      };
      look().catch(onProblem);
      return bus.subscribe('events', look);
    },
  };
}

/** Members as the ledger has them, kept as facts by the planner. */
function memberIn(store: Store, { planner }: Planning) {
  return async (cluster: ClusterName): Promise<{ key: Digest } | undefined> => {
    const key = (await store.fact(`member:${cluster}`))?.['key'];
    if (typeof key === 'string') return { key: key as Digest };
    if (planner.current()) return undefined;
    throw new FairleadError('Cannot say who is a member: the ledger was not read yet.', {
      code: 'Unavailable',
      reason: 'NotSeenYet',
      retry: 'backoff',
    });
  };
}

async function listenHttp(
  ground: Ground,
  { planning, gateway }: { planning: Planning; gateway: Gateway },
): Promise<{ address: string; close(): Promise<void> }> {
  const { options, keys, store, bus, clock, log } = ground;
  const { planner, watcher, head } = planning;
  const ports = readPorts({
    store,
    clock,
    fleetUrl: options.fleetUrl,
    watcher,
    connection: (row) => planner.connection(row),
    fleet: () => planner.current(),
    troubles: () => planning.troubles(),
    decided: (key) => planner.decided(key),
  });
  const server = await keys.server();
  let address = '';
  const actions = peoplesActions({
    planning,
    gateway,
    caPem: keys.caPem,
    address: () => address.replace('https://', ''),
  });
  const ring = (urls: readonly string[]): void => {
    for (const url of urls) void watcher.check(url);
    if (urls.some((url) => sameRepository(url, options.fleetUrl))) void head.check();
  };
  const readiness = (): FairleadError | undefined =>
    planner.current()
      ? undefined
      : (planning.troubles()[0] ??
        new FairleadError('The fleet repository was not read yet.', { code: 'Unavailable', reason: 'NotSeenYet' }));
  const app = await createHttp({
    modules: [
      apiModule({ ports, actions, bus, readiness }),
      gatewayModule(gateway),
      sourcesModule({ secret: await webhookSecret(options.dataFolder), ring }),
    ],
    authenticate: (token) => (keys.isAdminToken(token) ? { name: 'admin' } : undefined),
    log,
    tls: { certPem: server.certificatePem, keyPem: server.keyPem },
    callsPerMinute,
  });
  await app.listen(options.listen.port, options.listen.host);
  const listening = app.getHttpServer() as Server;
  const { port } = listening.address() as AddressInfo;
  address = `https://${advertised(options, hostPort(options.listen.host, port))}`;
  const stopRotation = rotate(ground, listening);
  return {
    address,
    close() {
      stopRotation();
      return app.close();
    },
  };
}

const halfDayMs = 43_200_000;

/** New connections see the server's certificate as it is now; twice a day, as for the agents' streams. */
function rotate({ keys, clock, log }: Ground, server: Pick<Server, 'setSecureContext'>): () => void {
  let stop = (): void => undefined;
  const arm = (): void => {
    stop = clock.after(halfDayMs, () => {
      keys
        .server()
        .then(({ certificatePem, keyPem }) =>
          server.setSecureContext({ cert: certificatePem, key: keyPem, minVersion: 'TLSv1.3' }),
        )
        .catch((thrown: unknown) => log.warn({ err: thrown }, 'the certificate of the API could not be changed'))
        .finally(arm);
    });
  };
  arm();
  return () => stop();
}
