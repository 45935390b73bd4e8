import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { dump } from 'js-yaml';
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
 * Applies objects as a person would, by server-side apply with every field checked, and answers with what the server
 * warned of. Throws with kubectl's words where it refuses one.
 */
export async function applyStrictly({ kubeconfigPath }: ControlPlane, objects: readonly KubeObject[]): Promise<string> {
  const kubectl = await ensureBinary('kubectl');
  const running = promisify(execFile)(
    kubectl,
    ['--kubeconfig', kubeconfigPath, 'apply', '--server-side', '--validate=strict', '--filename', '-'],
    { timeout: 60_000 },
  );
  running.child.stdin?.end(objects.map((object) => dump(object, { noRefs: true })).join('---\n'));
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
