import type { ResourceKind } from '../port.ts';

/** A kind of the fake server. */
export interface FakeKind extends ResourceKind {
  /** Has `metadata.generation`. */
  readonly generation: boolean;
  /** Has the subresource `status`, so that plain writes leave it alone. */
  readonly status: boolean;
}

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

/** `GROUP/VERSION KIND PLURAL`, then flags: n(amespaced), g(eneration), s(tatus). */
const table = `
v1 Namespace namespaces s
v1 ConfigMap configmaps n
v1 Secret secrets n
v1 ServiceAccount serviceaccounts n
v1 Service services ns
v1 Pod pods ngs
v1 Event events n
v1 PersistentVolume persistentvolumes s
v1 PersistentVolumeClaim persistentvolumeclaims ns
v1 Node nodes s
apps/v1 Deployment deployments ngs
apps/v1 StatefulSet statefulsets ngs
apps/v1 DaemonSet daemonsets ngs
apps/v1 ReplicaSet replicasets ngs
batch/v1 Job jobs ngs
batch/v1 CronJob cronjobs ngs
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers ns
autoscaling/v1 HorizontalPodAutoscaler horizontalpodautoscalers ns
policy/v1 PodDisruptionBudget poddisruptionbudgets ngs
networking.k8s.io/v1 Ingress ingresses ngs
networking.k8s.io/v1 NetworkPolicy networkpolicies ng
rbac.authorization.k8s.io/v1 Role roles n
rbac.authorization.k8s.io/v1 RoleBinding rolebindings n
rbac.authorization.k8s.io/v1 ClusterRole clusterroles -
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings -
coordination.k8s.io/v1 Lease leases n
events.k8s.io/v1 Event events n
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions gs
apiregistration.k8s.io/v1 APIService apiservices s
admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations g
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations g
storage.k8s.io/v1 StorageClass storageclasses -
`;

/** The kinds that every server has; the first version of a group and kind is the preferred one. */
export const builtInKinds: readonly FakeKind[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const [apiVersion = '', kind = '', resource = '', flags = ''] = line.split(' ');
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const has = (flag: string): boolean => flags.includes(flag);
    return {
      group: group ?? '',
      version: version ?? '',
      kind,
      resource,
      namespaced: has('n'),
      verbs,
      generation: has('g'),
      status: has('s'),
    };
  });

interface CrdLike {
  readonly spec?: {
    readonly group?: string;
    readonly scope?: string;
    readonly names?: { readonly kind?: string; readonly plural?: string };
    readonly versions?: readonly { name?: string; served?: boolean; subresources?: { status?: unknown } }[];
  };
  readonly status?: { readonly conditions?: readonly { type?: string; status?: string }[] };
}

/** The kinds that a CustomResourceDefinition serves; none before it is established. */
export function kindsOfCrd(object: object): FakeKind[] {
  const { spec, status } = object as CrdLike;
  const established = status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
  if (!established) return [];
  return (spec?.versions ?? [])
    .filter((version) => version.served !== false)
    .map((version) => ({
      group: spec?.group ?? '',
      version: version.name ?? '',
      kind: spec?.names?.kind ?? '',
      resource: spec?.names?.plural ?? '',
      namespaced: spec?.scope === 'Namespaced',
      verbs,
      generation: true,
      status: version.subresources?.status !== undefined,
    }));
}
