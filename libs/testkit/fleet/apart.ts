import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureTool } from '@fairlead/adapters/binaries';
import { freePort } from '@fairlead/testkit/process';
import { startBalancer, type Balancer } from './balancer.ts';
import type { Hub } from './hub.ts';
import { createHubClient } from './hubClient.ts';
import { flagsOf, launchProgram, type LaunchedProgram } from './launch.ts';
import { programEnvironment, programPath } from './programs.ts';

/** The roles that run in processes of their own. */
export type Role = 'planner' | 'sources' | 'gateway' | 'api';

/** Options of {@link startHubApart}. */
export interface HubApartOptions {
  readonly fleetUrl: string;
  /** For keys, data folders and logs. An authority that lies in its folder `keys` already is kept. */
  readonly folder: string;
  /** An empty database. */
  readonly store: { readonly url: string; readonly password: string };
  /** `nats://HOST:PORT`. */
  readonly bus: string;
  /** How many processes each role has; 2 unless told. */
  readonly each?: number;
  /** 5000 by default: the product's own default. */
  readonly pollMs?: number;
}

/** One process of one role. */
export interface RoleProcess {
  readonly role: Role;
  readonly logFile: string;
  /** The name under which it leads, beats and claims; another one after each start. */
  readonly instance: string;
  /** `HOST:PORT` of `/healthz`, `/readyz` and `/metrics`, over plain HTTP. */
  readonly probes: string;
  isRunning(): boolean;
  /** SIGSTOP and SIGCONT: it stands where it is, and goes on. */
  pause(): void;
  resume(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
  /**
   * As a Pod of the chart ends: it serves on until no new connection is handed to it, then SIGTERM, and SIGKILL where that
   * does not end it in 15 s.
   */
  stop(): Promise<void>;
  /** Starts it again on its data, at its address. */
  start(): Promise<void>;
}

/** A hub whose roles run apart, each behind one address. */
export interface HubApart extends Pick<Hub, 'api' | 'grpc' | 'dataDir' | 'client'> {
  /** `https://127.0.0.1:PORT`, where forges ring. */
  readonly webhooks: string;
  /** `https://127.0.0.1:PORT`, where agents enrol. */
  readonly enrolment: string;
  readonly processes: Readonly<Record<Role, readonly RoleProcess[]>>;
  /** How many connections were handed to a process that did not listen. */
  refusals(): number;
  /** One process of the role after the other is stopped and started. */
  roll(role: Role): Promise<void>;
  stop(): Promise<void>;
}

const roles: readonly Role[] = ['planner', 'sources', 'gateway', 'api'];
const graceMs = 15_000;

interface Ready {
  readonly instance: string;
}

/** The keys of all roles in one folder, by the hub's own command. */
async function makeKeys(folder: string): Promise<string> {
  const keys = join(folder, 'keys');
  const args = [programPath('hub'), '--make-keys', ...flagsOf({ keys, name: '127.0.0.1' })];
  await promisify(execFile)(process.execPath, args, { env: programEnvironment() });
  return keys;
}

/** What balancers hand out, by what is behind them. */
interface Fronts {
  readonly api: Balancer;
  readonly gateway: Balancer;
  readonly streams: Balancer;
  readonly sources: Balancer;
}

async function flagsFor(
  options: HubApartOptions,
  { keys, fronts }: { keys: string; fronts: Fronts },
): Promise<Readonly<Record<Role, Readonly<Record<string, string>>>>> {
  const [kustomize, helm] = [await ensureTool('kustomize'), await ensureTool('helm')];
  const passwordFile = join(options.folder, 'store-password');
  await writeFile(passwordFile, options.store.password, { mode: 0o600 });
  const shared = { keys, store: options.store.url, 'store-password-file': passwordFile, bus: options.bus };
  const pollMs = String(options.pollMs ?? 5_000);
  const fleet = { ...shared, fleet: options.fleetUrl, 'poll-ms': pollMs };
  const tools = { kustomize: `${kustomize.version}=${kustomize.path}`, helm: `${helm.version}=${helm.path}` };
  return {
    planner: fleet,
    sources: { ...shared, ...tools, 'poll-ms': pollMs },
    gateway: { ...shared, 'grpc-name': fronts.streams.address },
    api: { ...fleet, gateway: fronts.gateway.address },
  };
}

/** Where one process listens, by flag. */
type Ports = Readonly<Record<string, number>>;

async function portsOf(role: Role): Promise<Ports> {
  const metrics = await freePort();
  if (role === 'planner') return { metrics };
  return { metrics, listen: await freePort(), ...(role === 'gateway' ? { grpc: await freePort() } : {}) };
}

interface Seat {
  readonly role: Role;
  readonly number: number;
  readonly ports: Ports;
  inTurn: boolean;
}

/**
 * Starts the four bundled programs, each in so many processes, over a PostgreSQL and a nats-server; all are ready when
 * this is fulfilled. Agents and people dial one address a role, behind which the processes take turns.
 */
export async function startHubApart(options: HubApartOptions): Promise<HubApart> {
  const { folder, each = 2 } = options;
  const keys = await makeKeys(folder);
  const [api, gateway, streams, sources] = await Promise.all(Array.from({ length: 4 }, () => startBalancer()));
  const fronts = { api, gateway, streams, sources } as Fronts;
  const flags = await flagsFor(options, { keys, fronts });
  const seats: Seat[] = [];
  for (const role of roles)
    for (let number = 1; number <= each; number += 1)
      seats.push({ role, number, ports: await portsOf(role), inTurn: false });
  const hand = (): Promise<void> => balance(fronts, seats);
  const started = await Promise.all(seats.map((seat) => startRole(options, { seat, flags: flags[seat.role], hand })));
  const of = (role: Role): RoleProcess[] => started.filter((one) => one.role === role);
  const processes = { planner: of('planner'), sources: of('sources'), gateway: of('gateway'), api: of('api') };
  const client = await createHubClient({
    api: `https://${fronts.api.address}`,
    dataDir: keys,
    webhooks: `https://${fronts.sources.address}`,
  });
  return {
    api: `https://${fronts.api.address}`,
    grpc: fronts.streams.address,
    webhooks: `https://${fronts.sources.address}`,
    enrolment: `https://${fronts.gateway.address}`,
    dataDir: keys,
    client,
    processes,
    refusals: () => Object.values(fronts).reduce((sum, front) => sum + front.refusals(), 0),
    async roll(role) {
      for (const one of processes[role]) {
        await one.stop();
        await one.start();
      }
    },
    async stop() {
      client.close();
      await Promise.all(started.map((one) => one.stop()));
      await Promise.all(Object.values(fronts).map((front) => front.stop()));
    },
  };
}

async function balance(fronts: Fronts, seats: readonly Seat[]): Promise<void> {
  const portsOfRole = (role: Role, flag: string): number[] =>
    seats.flatMap((seat) => (seat.role === role && seat.inTurn ? (seat.ports[flag] ?? []) : []));
  await Promise.all([
    fronts.api.use(portsOfRole('api', 'listen')),
    fronts.gateway.use(portsOfRole('gateway', 'listen')),
    fronts.streams.use(portsOfRole('gateway', 'grpc')),
    fronts.sources.use(portsOfRole('sources', 'listen')),
  ]);
}

async function startRole(
  { folder }: HubApartOptions,
  { seat, flags, hand }: { seat: Seat; flags: Readonly<Record<string, string>>; hand: () => Promise<void> },
): Promise<RoleProcess> {
  const { role, number, ports } = seat;
  const name = `${role}-${number}`;
  const logFile = join(folder, `${name}.log`);
  const data = join(folder, name);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const listens = Object.fromEntries(Object.entries(ports).map(([flag, port]) => [flag, `127.0.0.1:${port}`]));
  const args = [programPath(role), ...flagsOf({ ...flags, ...listens, ...(role === 'gateway' ? {} : { data }) })];
  let running: LaunchedProgram<Ready>;
  const launch = async (): Promise<void> => {
    running = await launchProgram<Ready>(role, { args, logFile });
    seat.inTurn = true;
    await hand();
  };
  await launch();
  const leave = (): Promise<void> => {
    seat.inTurn = false;
    return hand();
  };
  return {
    role,
    logFile,
    probes: `127.0.0.1:${ports['metrics']}`,
    get instance() {
      return running.ready.instance;
    },
    isRunning: () => running.process.isRunning(),
    pause: () => void process.kill(running.process.pid, 'SIGSTOP'),
    resume: () => void process.kill(running.process.pid, 'SIGCONT'),
    async kill() {
      void leave();
      await running.process.stop();
    },
    async stop() {
      await leave();
      await running.process.stop({ graceMs });
    },
    start: launch,
  };
}
