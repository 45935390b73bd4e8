import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromKubeconfig } from '@fairlead/adapters/kube';
import { agentInstallManifest, installedKeys } from '@fairlead/core/install';
import type { ClusterName } from '@fairlead/core/model';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import { silentLog, startAgent, type Agent } from '@fairlead/shell/agent';
import {
  startApiProxy,
  startControlPlane,
  type ApiProxy,
  type ControlPlane,
  type ControlPlaneOptions,
} from '@fairlead/testkit/kube';
import { soleHub, type SoleHub } from './hub.ts';

/** A control plane with the install manifest in it, where an agent may run in this process, with the rights of its own account. */
export interface SoleAgentPlace {
  readonly plane: ControlPlane;
  /** Between the agent and its API server. */
  readonly proxy: ApiProxy;
  readonly namespace: string;
  hub(): SoleHub;
  /** Runs an agent as long as the work takes. */
  withAgent<Result>(
    hub: SoleHub,
    work: (agent: Agent) => Promise<Result>,
    options?: { clock?: Clock },
  ): Promise<Result>;
  stop(): Promise<void>;
}

const namespace = 'fairlead-system';
const caPem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

/** Starts a control plane and installs what an agent needs, without the agent. `AGENT_LOG=1` shows what the agents log. */
export async function startSoleAgentPlace(options: ControlPlaneOptions): Promise<SoleAgentPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-agent-'));
  const plane = await startControlPlane(options);
  const name = options.name as ClusterName;
  await install(plane, name);
  const proxy = await startApiProxy(plane);
  const token = await plane.serviceAccountToken(namespace, 'fairlead-agent');
  const kubeconfig = join(folder, 'kubeconfig');
  await proxy.writeKubeconfig(kubeconfig, { token });
  return {
    plane,
    proxy,
    namespace,
    hub: () => soleHub(name),
    withAgent: (hub, work, { clock = systemClock } = {}) => run({ name, kubeconfig, hub, clock }, work),
    async stop() {
      await proxy.stop();
      await plane.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function install(plane: ControlPlane, clusterName: ClusterName): Promise<void> {
  const { api } = await fromKubeconfig(plane.kubeconfigPath);
  const manifest = agentInstallManifest({
    clusterName,
    namespace,
    hub: 'hub.example:443',
    caPem,
    joinToken: 'x',
    image: 'i',
    profile: 'cluster-admin',
  });
  for (const object of manifest)
    await api.apply(object, { fieldManager: 'owner', force: true, identity: { as: 'self' } });
  api.close();
}

async function run<Result>(
  by: { name: ClusterName; kubeconfig: string; hub: SoleHub; clock: Clock },
  work: (agent: Agent) => Promise<Result>,
): Promise<Result> {
  const { name, hub, clock } = by;
  const { api } = await fromKubeconfig(by.kubeconfig, { userAgent: 'fairlead-agent' });
  const notAfterMs = clock.now() + 86_400_000;
  const credentials = { certificatePem: '', notAfterMs, caPem, verifyingKeys: [], gatewayAddress: '' };
  const agent = await startAgent({
    name,
    namespace,
    version: '0.0.0',
    cluster: api,
    clock,
    random: () => 0.1,
    log: process.env['AGENT_LOG'] ? { info: console.log, warn: console.log, error: console.log } : silentLog,
    holder: randomUUID(),
    calls: {
      enroll: () => Promise.resolve({ cluster: name, credentials }),
      renew: () => Promise.resolve({ credentials }),
    },
    pki: { newKey: () => Promise.resolve('key'), csr: () => Promise.resolve('csr'), extendTrust: (known) => known },
    token: () => Promise.resolve('token'),
    link: () => hub.link,
    verify: () => true,
    installed: installedKeys(namespace),
  });
  try {
    return await work(agent);
  } finally {
    await agent.stop();
    api.close();
  }
}
