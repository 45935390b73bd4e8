import { fromKubeconfig } from '@fairlead/adapters/kube';
import { parseManifests } from '@fairlead/core/documents';
import { type ControlPlane, until } from '@fairlead/testkit/kube';
import { startAgent, type AgentProcess } from './agent.ts';
import type { Hub } from './hub.ts';

/** Options of {@link joinCluster}. */
export interface JoinOptions {
  readonly hub: Pick<Hub, 'client'>;
  readonly plane: ControlPlane;
  readonly labels: Readonly<Record<string, string>>;
  /** Where the agent's files go. */
  readonly folder: string;
  /** ClusterRole that bounds `fairlead-applier`. */
  readonly profile?: string;
  /** Which way the agent's stream goes; gRPC unless told. */
  readonly transport?: 'grpc' | 'nats';
}

/** Applies an install manifest as the cluster's administrator, in its order. */
export async function applyInstall(plane: ControlPlane, manifest: string): Promise<void> {
  const { api } = await fromKubeconfig(plane.kubeconfigPath, { userAgent: 'fairlead-testkit' });
  try {
    for (const { object } of parseManifests(manifest, { file: 'install manifest' })) {
      await api.apply(object, { fieldManager: 'testkit', force: true, identity: { as: 'self' } });
    }
  } finally {
    api.close();
  }
}

/**
 * Makes the control plane a member under its own name: a join token from the hub, the install manifest applied by the
 * administrator, and an agent that has nothing but what lies in its cluster. Does not wait until it is connected.
 */
export async function joinCluster(options: JoinOptions): Promise<AgentProcess> {
  const { hub, plane, labels, folder, profile = 'cluster-admin', transport = 'grpc' } = options;
  const made = await hub.client.call('createJoin', { body: { name: plane.name, labels, profile, transport } });
  await applyInstall(plane, made.manifest);
  return startAgent({ plane, folder });
}

/** Waits until the hub calls the cluster connected. */
export async function untilConnected(hub: Pick<Hub, 'client'>, cluster: string): Promise<void> {
  await until(async () => (await hub.client.call('getCluster', { path: { cluster } })).connection === 'Connected', {
    what: `cluster ${cluster} to be connected`,
    timeoutMs: 60_000,
  });
}
