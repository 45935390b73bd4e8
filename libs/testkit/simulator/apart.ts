import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureTool } from '@fairlead/adapters/binaries';
import {
  createHubClient,
  flagsOf,
  launchProgram,
  programEnvironment,
  programPath,
  type LaunchedProgram,
} from '@fairlead/testkit/fleet';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import { startPostgres, type PostgresServer } from '@fairlead/testkit/postgres';
import { freePort } from '@fairlead/testkit/process';
import type { HubTier, TierOptions } from './tier.ts';

const roles = ['planner', 'sources', 'gateway', 'api'] as const;
type Role = (typeof roles)[number];

interface Ready {
  readonly api?: string;
  readonly grpc?: string;
}

type Running = Record<Role, LaunchedProgram<Ready>>;

const host = '127.0.0.1';

/**
 * The four roles in a process each, with a PostgreSQL that writes to the disk and a NATS JetStream between them. What is
 * stopped is stopped in the order of the roles, the servers last.
 */
export async function startRolesApart(options: TierOptions): Promise<HubTier> {
  const { folder, dataDir } = options;
  const endings: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of endings.splice(0).reverse()) await end();
  };
  try {
    const postgres = await startPostgres({ durable: true });
    endings.push(() => postgres.stop());
    const bus = await startNatsServer();
    endings.push(() => bus.stop());
    await makeKeys(dataDir);
    const args = await argumentsOf(options, { postgres, bus });
    let running = await launchAll(args, { folder });
    endings.push(() => stopAll(running, options.graceMs ?? 10_000));
    const client = await createHubClient({ api: `https://${addressOf(args.api, 'listen')}`, dataDir });
    const hooks = await createHubClient({ api: `https://${addressOf(args.sources, 'listen')}`, dataDir });
    endings.push(async () => [client, hooks].forEach((one) => one.close()));
    return {
      api: `https://${addressOf(args.api, 'listen')}`,
      grpc: addressOf(args.gateway, 'grpc'),
      dataDir,
      client,
      webhook: (url) => hooks.webhook(url),
      get pids() {
        return Object.fromEntries(roles.map((role) => [role, running[role].process.pid]));
      },
      beside: { postgres: postgres.pid() ?? 0, nats: bus.pid() ?? 0 },
      kill: () => stopAll(running, 0),
      async start() {
        running = await launchAll(args, { folder });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The files that roles apart need, beside an authority that is there already. */
async function makeKeys(keys: string): Promise<void> {
  const args = [programPath('hub'), '--make-keys', ...flagsOf({ keys, name: host })];
  await promisify(execFile)(process.execPath, args, { env: programEnvironment() });
}

async function argumentsOf(
  options: TierOptions,
  { postgres, bus }: { postgres: PostgresServer; bus: NatsServer },
): Promise<Record<Role, string[]>> {
  const { folder, dataDir, fleetUrl, nodeArguments = [], gatewayFlags, flags } = options;
  const access = await postgres.createDatabase();
  const passwordFile = join(folder, 'postgres-password');
  await writeFile(passwordFile, access.password, { mode: 0o600 });
  const [kustomize, helm] = [await ensureTool('kustomize'), await ensureTool('helm')];
  const shared = { store: access.url, 'store-password-file': passwordFile, bus: bus.url, keys: dataDir, ...flags };
  const own = async (role: Role): Promise<{ data: string }> => {
    const data = join(folder, role);
    await mkdir(data, { recursive: true, mode: 0o700 });
    return { data };
  };
  const at = async (): Promise<string> => `${host}:${await freePort()}`;
  const tools = { kustomize: `${kustomize.version}=${kustomize.path}`, helm: `${helm.version}=${helm.path}` };
  const gateway = { listen: await at(), grpc: await at() };
  const each: Record<Role, Readonly<Record<string, string>>> = {
    planner: { ...shared, ...(await own('planner')), fleet: fleetUrl },
    sources: { ...shared, ...(await own('sources')), ...tools, listen: await at() },
    gateway: { ...shared, ...gateway, ...gatewayFlags },
    api: { ...shared, ...(await own('api')), fleet: fleetUrl, listen: await at(), gateway: gateway.listen },
  };
  const withFlags = roles.map((role) => [role, [...nodeArguments, programPath(role), ...flagsOf(each[role])]] as const);
  return Object.fromEntries(withFlags) as Record<Role, string[]>;
}

async function launchAll(args: Record<Role, readonly string[]>, { folder }: { folder: string }): Promise<Running> {
  const launched = await Promise.all(
    roles.map((role) => launchProgram<Ready>(role, { args: args[role], logFile: join(folder, `${role}.log`) })),
  );
  return Object.fromEntries(roles.map((role, at) => [role, launched[at]])) as Running;
}

async function stopAll(running: Running, graceMs: number): Promise<void> {
  await Promise.all(roles.map((role) => running[role].process.stop({ graceMs })));
}

function addressOf(args: readonly string[], flag: string): string {
  return args[args.indexOf(`--${flag}`) + 1] ?? '';
}
