import { keyOf, type KubeObject, type ObjectKey } from '@fairlead/core/model';
import { deliveryDefinition } from './delivery.ts';
import { checkedOptions, type InstallOptions } from './options.ts';
import { accountObjects, applierBinding, ownRights, readingRights, upgraderRights } from './rights.ts';
import { agentWorkload, joinSecret, ownerPolicy } from './workload.ts';

/**
 * Everything that an agent needs in its cluster, in the order in which it can be applied: namespace and CRD first, the
 * Deployment last. Its rights are those of "Identity in the cluster": it reads, impersonates the service accounts of its
 * own namespace, and writes its own records; whatever else it does, it does with the rights of another account. Throws
 * `InvalidInput` that names the field.
 */
export function agentInstallManifest(options: InstallOptions): KubeObject[] {
  const install = checkedOptions(options);
  const namespace: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: install.namespace, labels: { ...partOf, 'pod-security.kubernetes.io/enforce': 'restricted' } },
  };
  const objects = [
    namespace,
    deliveryDefinition(),
    ...accountObjects(install),
    ...readingRights(install),
    ...ownRights(install),
    ...upgraderRights(install),
    applierBinding(install),
    ownerPolicy(install),
    joinSecret(install),
    agentWorkload(install),
  ];
  return objects.map((object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { ...partOf, ...object.metadata.labels } },
  }));
}

const partOf = { 'app.kubernetes.io/part-of': 'fairlead' };

/** The objects of the manifest, which the agent refuses to touch from any application. Those of teams' accounts lie in its namespace, which is refused whole. */
export function installedKeys(namespace: string): ObjectKey[] {
  const caPem = '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n';
  const any = { clusterName: 'any', hub: 'any:443', caPem, joinToken: 'any', image: 'any', profile: 'any' };
  return agentInstallManifest({ ...any, namespace }).map(keyOf);
}
