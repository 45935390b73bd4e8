import type { ApiClient } from './apiClient.ts';
import { until } from './until.ts';

const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'fake', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'fake.fairlead.dev',
};

function node(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
  };
}

function isReady(live: { status?: { conditions?: { type: string; status: string }[] } }): boolean {
  return live.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Adds `count` nodes (`node-1`…) that kwok plays, and a default storage class; waits until the nodes are ready. */
export async function addFakeNodes(api: ApiClient, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => `node-${n + 1}`);
  const classes = '/apis/storage.k8s.io/v1/storageclasses';
  await Promise.all([
    api.apply(`${classes}/${storageClass.metadata.name}`, storageClass),
    ...names.map((name) => api.apply(`/api/v1/nodes/${name}`, node(name))),
  ]);
  await Promise.all(
    names.map((name) =>
      until(async () => isReady(await api.get(`/api/v1/nodes/${name}`)), {
        what: `node ${name} to be ready`,
        pollMs: 25,
      }),
    ),
  );
}
