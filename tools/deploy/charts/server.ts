import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ensureBinary } from '@fairlead/adapters/binaries';
import type { KubeObject } from '@fairlead/core/model';
import type { ControlPlane } from '@fairlead/testkit/kube';

/** A namespace in which only Pods of the restricted profile may be, and in which templates beyond it are warned of. */
export async function restrictedNamespace({ api }: ControlPlane, name: string): Promise<void> {
  const labels = Object.fromEntries(
    ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
  );
  await api.create('/api/v1/namespaces', { metadata: { name, labels } });
}

/**
 * Applies YAML as a person would, by server-side apply with every field checked, and answers with what the server warned
 * of. The text is what helm or a file says, for kubectl reads it otherwise than we might. Throws with kubectl's words where
 * the server refuses an object.
 */
export async function applyStrictly({ kubeconfigPath }: ControlPlane, yaml: string): Promise<string> {
  const kubectl = await ensureBinary('kubectl');
  const running = promisify(execFile)(
    kubectl,
    ['--kubeconfig', kubeconfigPath, 'apply', '--server-side', '--validate=strict', '--filename', '-'],
    { timeout: 60_000 },
  );
  running.child.stdin?.end(yaml);
  return (await running).stderr;
}

/** What is read of a workload here. */
interface Workload {
  readonly template?: { readonly metadata?: object; readonly spec: { readonly volumes?: readonly object[] } };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
}

/** The first Pod that an object would make, its claims with it; undefined for kinds that make none. */
export function podOf(object: KubeObject): KubeObject | undefined {
  const { template, volumeClaimTemplates = [] } = (object['spec'] ?? {}) as Workload;
  if (template === undefined || !['Deployment', 'StatefulSet', 'Job'].includes(object.kind)) return undefined;
  const name = `${object.metadata.name}-0`;
  const { namespace } = object.metadata;
  const claims = volumeClaimTemplates.map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}` },
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name, ...(namespace === undefined ? {} : { namespace }) },
    spec: { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claims] },
  };
}

/** Asks whether the Pod would be let in, without making it. Throws ApiFailure with the server's reason otherwise. */
export async function admits({ api }: ControlPlane, pod: KubeObject): Promise<void> {
  await api.create(`/api/v1/namespaces/${pod.metadata.namespace}/pods?dryRun=All&fieldValidation=Strict`, pod);
}

/** Puts a Pod of each workload among the objects to the server. Answers with how many there were. */
export async function admitsAll(plane: ControlPlane, objects: readonly KubeObject[]): Promise<number> {
  const pods = objects.map(podOf).filter((pod) => pod !== undefined);
  for (const pod of pods) await admits(plane, pod);
  return pods.length;
}
