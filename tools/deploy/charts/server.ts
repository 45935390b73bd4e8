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

/** The Pod that an object would make; undefined for kinds that make none. */
export function podOf(object: KubeObject): KubeObject | undefined {
  const spec = object['spec'] as { template?: { metadata?: object; spec: object } } | undefined;
  if (spec?.template === undefined || !['Deployment', 'StatefulSet', 'Job'].includes(object.kind)) return undefined;
  const { name, namespace } = object.metadata;
  const metadata = { ...spec.template.metadata, name: `${name}-0`, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: spec.template.spec };
}

/** Asks whether the Pod would be let in, without making it. Throws ApiFailure with the server's reason otherwise. */
export async function admits({ api }: ControlPlane, pod: KubeObject): Promise<void> {
  await api.create(`/api/v1/namespaces/${pod.metadata.namespace}/pods?dryRun=All&fieldValidation=Strict`, pod);
}
