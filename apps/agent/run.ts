import { randomUUID } from 'node:crypto';
import { grpcLink, tlsSessions, type TlsSessions } from '@fairlead/adapters/grpc';
import { fromKubeconfig, inCluster, type ClusterConnection } from '@fairlead/adapters/kube';
import { natsLink, natsUser } from '@fairlead/adapters/nats/agents';
import { extendTrust, makeCsr, newAgentKey, verifyHead } from '@fairlead/adapters/pki';
import { installedKeys } from '@fairlead/core/install';
import { systemClock } from '@fairlead/ports/clock';
import type { HubLink } from '@fairlead/ports/transport';
import { startAgent, type Agent, type AgentIdentity, type AgentLog } from '@fairlead/shell/agent';
import { hubCalls } from './calls.ts';
import { readToken, type AgentConfig } from './config.ts';
import { serveProbes } from './probes.ts';
import { version } from './version.ts';

/** An agent that runs in this process. */
export interface RunningAgent {
  readonly agent: Agent;
  stop(): Promise<void>;
}

/** Puts the agent together from its parts and starts it. */
export async function runAgent(config: AgentConfig, log: AgentLog): Promise<RunningAgent> {
  let ready = false;
  const sessions = tlsSessions();
  const probes = config.health === undefined ? undefined : await serveProbes(config.health, () => ready);
  const { api, namespace } = await connect(config);
  const agent = await startAgent({
    name: config.cluster,
    namespace: config.namespace ?? namespace,
    version,
    cluster: api,
    clock: systemClock,
    random: Math.random,
    log,
    holder: randomUUID(),
    calls: hubCalls({ address: config.hub, caPem: config.hubCaPem }),
    pki: {
      newKey: async () => (await newAgentKey()).privatePem,
      csr: (privatePem, cluster) => makeCsr({ privatePem }, cluster),
      extendTrust,
    },
    token: () => readToken(config.joinTokenFile),
    ...(config.nats && { natsUser }),
    link: (identity) => linkOf(config, { identity, sessions }),
    verify: verifyHead,
    installed: installedKeys(config.namespace ?? namespace),
  });
  ready = true;
  return {
    agent,
    async stop() {
      await agent.stop();
      await probes?.close();
      api.close();
    },
  };
}

/** The way to the hub that the install manifest picked. */
function linkOf(
  { cluster, gateway, nats }: AgentConfig,
  { identity, sessions }: { readonly identity: AgentIdentity; readonly sessions: TlsSessions },
): HubLink {
  const { privateKey, natsSeed = '', credentials } = identity;
  const secured = {
    caPem: credentials.caPem,
    identity: () => ({ keyPem: privateKey, certificatePem: credentials.certificatePem }),
  };
  if (!nats || !credentials.nats)
    return grpcLink({ address: gateway ?? credentials.gatewayAddress, sessions, ...secured });
  const { userJwt: jwt, ...given } = credentials.nats;
  // A leaf node nearer by may show a certificate of another authority than the hub's broker.
  const brokerCaPem = nats.caPem ?? (nats.address === undefined ? given.caPem : undefined);
  return natsLink({
    cluster,
    address: nats.address ?? given.address,
    ...(brokerCaPem !== undefined && { brokerCaPem }),
    user: () => ({ jwt, seed: natsSeed }),
    ...secured,
  });
}

async function connect(config: AgentConfig): Promise<{ api: ClusterConnection; namespace: string }> {
  const userAgent = `fairlead-agent/${version}`;
  return config.kubeconfig === undefined ? inCluster({ userAgent }) : fromKubeconfig(config.kubeconfig, { userAgent });
}
