import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureTool } from '@fairlead/adapters/binaries';
import { createHubClient, flagsOf, launchProgram, programPath, type LaunchedProgram } from '@fairlead/testkit/fleet';
import { createEndings, freePort } from '@fairlead/testkit/process';
import { makeKeys, startSharedServers } from './servers.ts';
import type { HubTier, TierOptions } from './tier.ts';

const roles = ['planner', 'sources', 'gateway', 'api'] as const;
type Role = (typeof roles)[number];
type Running = Record<Role, LaunchedProgram<object>>;

const host = '127.0.0.1';

/** The four roles in a process each, with servers of their own between them. The servers are stopped last. */
export async function startRolesApart(options: TierOptions): Promise<HubTier> {
  const { folder, dataDir } = options;
  const endings = createEndings();
  const { stop } = endings;
  try {
    const servers = endings.of(await startSharedServers(folder));
    await makeKeys(dataDir);
    const args = await argumentsOf(options, servers.flags);
    let running = await launchAll(args, { folder });
    endings.add(() => stopAll(running, options.graceMs ?? 10_000));
    const api = `https://${addressOf(args.api, 'listen')}`;
    const client = await createHubClient({ api, dataDir });
    const hooks = await createHubClient({ api: `https://${addressOf(args.sources, 'listen')}`, dataDir });
    endings.add(async () => [client, hooks].forEach((one) => one.close()));
    return {
      api,
      grpc: addressOf(args.gateway, 'grpc'),
      dataDir,
      client,
      webhook: (url) => hooks.webhook(url),
      get pids() {
        return Object.fromEntries(roles.map((role) => [role, running[role].process.pid]));
      },
      get beside() {
        return servers.pids();
      },
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

async function argumentsOf(
  options: TierOptions,
  serverFlags: Readonly<Record<string, string>>,
): Promise<Record<Role, string[]>> {
  const { folder, dataDir, fleetUrl, nodeArguments = [], gatewayFlags } = options;
  const [kustomize, helm] = [await ensureTool('kustomize'), await ensureTool('helm')];
  const tools = { kustomize: `${kustomize.version}=${kustomize.path}`, helm: `${helm.version}=${helm.path}` };
  const shared = { ...serverFlags, keys: dataDir, ...options.flags };
  const withFiles = async (role: Role): Promise<Readonly<Record<string, string>>> => {
    const data = join(folder, role);
    await mkdir(data, { recursive: true, mode: 0o700 });
    return { ...shared, data };
  };
  const at = async (): Promise<string> => `${host}:${await freePort()}`;
  const gateway = { listen: await at(), grpc: await at() };
  const each: Record<Role, Readonly<Record<string, string>>> = {
    planner: { ...(await withFiles('planner')), fleet: fleetUrl },
    sources: { ...(await withFiles('sources')), ...tools, listen: await at() },
    gateway: { ...shared, ...gateway, ...gatewayFlags },
    api: { ...(await withFiles('api')), fleet: fleetUrl, listen: await at(), gateway: gateway.listen },
  };
  return eachRole((role) => [...nodeArguments, programPath(role), ...flagsOf(each[role])]);
}

async function launchAll(args: Record<Role, readonly string[]>, { folder }: { folder: string }): Promise<Running> {
  const launching = eachRole((role) =>
    launchProgram<object>(role, { args: args[role], logFile: join(folder, `${role}.log`) }),
  );
  await Promise.all(Object.values(launching));
  const { planner, sources, gateway, api } = launching;
  return { planner: await planner, sources: await sources, gateway: await gateway, api: await api };
}

function eachRole<Value>(of: (role: Role) => Value): Record<Role, Value> {
  return { planner: of('planner'), sources: of('sources'), gateway: of('gateway'), api: of('api') };
}

async function stopAll(running: Running, graceMs: number): Promise<void> {
  await Promise.all(roles.map((role) => running[role].process.stop({ graceMs })));
}

function addressOf(args: readonly string[], flag: string): string {
  return args[args.indexOf(`--${flag}`) + 1] ?? '';
}
