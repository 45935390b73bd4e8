import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { agentPaths } from '@fairlead/core/install';
import { FairleadError, isBrokerAddress, isName, type ClusterName } from '@fairlead/core/model';

/** What an agent is started with: flags, or else variables of the environment. */
export interface AgentConfig {
  readonly cluster: ClusterName;
  /** `HOST:PORT` of the hub's HTTPS address. */
  readonly hub: string;
  /** `HOST:PORT` of the gateway's gRPC stream; what the hub says at enrolment if unset. */
  readonly gateway: string | undefined;
  /** There where the agent streams over NATS; what is unset is as the hub says at enrolment. */
  readonly nats: { readonly address: string | undefined; readonly caPem: string | undefined } | undefined;
  /** PEM: the hub's authority, pinned from the first call on. */
  readonly hubCaPem: string;
  readonly joinTokenFile: string | undefined;
  /** The agent's own namespace; the Pod's if unset. */
  readonly namespace: string | undefined;
  /** For a process beside its API server; inside a cluster it is not needed. */
  readonly kubeconfig: string | undefined;
  /** `HOST:PORT`, or a port (then on all addresses, for the kubelet), for probes; none outside of a cluster unless given. */
  readonly health: string | undefined;
  readonly logLevel: string;
}

const flags = {
  cluster: 'FAIRLEAD_CLUSTER',
  hub: 'FAIRLEAD_HUB',
  gateway: 'FAIRLEAD_GATEWAY',
  transport: 'FAIRLEAD_TRANSPORT',
  nats: 'FAIRLEAD_NATS',
  'nats-ca-file': 'FAIRLEAD_NATS_CA_FILE',
  'hub-ca-file': 'FAIRLEAD_HUB_CA_FILE',
  'join-token-file': 'FAIRLEAD_JOIN_TOKEN_FILE',
  namespace: 'FAIRLEAD_NAMESPACE',
  kubeconfig: 'KUBECONFIG',
  health: 'FAIRLEAD_HEALTH',
  'log-level': 'FAIRLEAD_LOG_LEVEL',
} as const;
type Flag = keyof typeof flags;

/** Reads the configuration. Throws InvalidInput that names flag and variable. */
export async function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AgentConfig> {
  const options = Object.fromEntries(Object.keys(flags).map((flag) => [flag, { type: 'string' as const }]));
  const { values } = parseArgs({ args: [...args], options, strict: true });
  const value = (flag: Flag): string | undefined => {
    const given = values[flag] ?? environment[flags[flag]];
    return typeof given === 'string' && given !== '' ? given : undefined;
  };
  const required = (flag: Flag, what: string): string => {
    const given = value(flag);
    if (given === undefined) throw missing(flag, what);
    return given;
  };
  const cluster = required('cluster', 'the name of this cluster');
  if (!isName(cluster)) throw invalid('cluster', cluster, 'a DNS-1123 label');
  const hub = required('hub', 'HOST:PORT of the hub');
  if (!/^[^\s/]+:\d{1,5}$/.test(hub)) throw invalid('hub', hub, 'HOST:PORT');
  const caFile = required('hub-ca-file', "the file with the hub's certificate authority");
  return {
    cluster: cluster as ClusterName,
    hub,
    gateway: value('gateway'),
    nats: await readNats(value),
    hubCaPem: await readText('hub-ca-file', caFile),
    joinTokenFile: value('join-token-file'),
    namespace: value('namespace'),
    kubeconfig: value('kubeconfig'),
    health: value('health') ?? (value('kubeconfig') === undefined ? String(agentPaths.healthPort) : undefined),
    logLevel: value('log-level') ?? 'info',
  };
}

async function readNats(value: (flag: Flag) => string | undefined): Promise<AgentConfig['nats']> {
  const transport = value('transport') ?? 'grpc';
  if (transport === 'grpc') return undefined;
  if (transport !== 'nats') throw invalid('transport', transport, 'grpc or nats');
  const address = value('nats');
  if (address !== undefined && !isBrokerAddress(address))
    throw invalid('nats', address, 'nats://HOST:PORT or tls://HOST:PORT, several with commas in between');
  const caFile = value('nats-ca-file');
  return { address, caPem: caFile === undefined ? undefined : await readText('nats-ca-file', caFile) };
}

/** The join token as it is now; undefined where there is none. */
export async function readToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return (await readFile(file, 'utf8')).trim() || undefined;
  } catch (error) {
    // The Secret is optional: an agent that has enrolled does without.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readText(flag: Flag, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw invalid(flag, path, 'a file that can be read', cause);
  }
}

function missing(flag: Flag, what: string): FairleadError {
  return new FairleadError(
    `Cannot start the agent: --${flag} is not set; give ${what} by --${flag} or ${flags[flag]}`,
    {
      code: 'InvalidInput',
      reason: 'InvalidArgument',
      subject: { field: flag },
    },
  );
}

function invalid(
  ...[flag, current, wanted, cause]: [flag: Flag, current: string, wanted: string, cause?: unknown]
): FairleadError {
  return new FairleadError(`Cannot start the agent: --${flag} is "${current}"; give ${wanted}`, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
    subject: { field: flag },
    cause,
  });
}
