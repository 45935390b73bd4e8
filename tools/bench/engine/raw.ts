import { fromKubeconfig, type ClusterConnection } from '@fairlead/adapters/kube';
import type { KubeObject } from '@fairlead/core/model';
import type { Identity } from '@fairlead/ports/cluster';
import { serveParent } from '../child.ts';
import { objectsOf } from './objects.ts';
import { rawUserAgent, type RawAnswer, type ToRaw } from './protocol.ts';

/** The agent's own client of the API server, and nothing else of an agent: every place taken until nothing is left. */

const identity: Identity = { as: 'serviceAccount', namespace: 'fairlead-system', name: 'fairlead-applier' };
/** As long as what the agent writes, and no label that its watches select. */
const tracking = { 'fairlead.raw/application': '0123456789abcdef' };

let api: ClusterConnection | undefined;

async function answer(message: ToRaw): Promise<RawAnswer> {
  if (message.do === 'connect') {
    ({ api } = await fromKubeconfig(message.kubeconfigPath, { userAgent: rawUserAgent }));
    return { applied: 0 };
  }
  if (!api) throw new Error('Cannot apply: the client is not connected');
  return apply(api, message);
}

async function apply(
  cluster: ClusterConnection,
  { namespace, objects, inFlight }: Extract<ToRaw, { do: 'apply' }>,
): Promise<RawAnswer> {
  await ensureNamespace(cluster, namespace);
  const manifests = objectsOf(objects).map((object) => placed(object, namespace));
  let next = 0;
  const line = async (): Promise<void> => {
    for (let manifest = manifests[next++]; manifest; manifest = manifests[next++])
      await cluster.apply(manifest, { identity, fieldManager: 'raw', force: true });
  };
  await Promise.all(Array.from({ length: inFlight }, line));
  return { applied: manifests.length };
}

function placed(object: KubeObject, namespace: string): KubeObject {
  const { labels, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: { ...metadata, namespace, labels: { ...labels, ...tracking }, annotations: { ...tracking } },
  };
}

async function ensureNamespace(cluster: ClusterConnection, name: string): Promise<void> {
  await cluster.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    { identity, fieldManager: 'raw', force: true },
  );
}

serveParent(answer);
