/**
 * Kinds without a status that could say anything: they are healthy while they exist, so a watch of their metadata is enough.
 * By group; `core` for the empty one. A kind that is missing here costs memory and never correctness.
 */
const statusless = new Map<string, readonly string[]>(
  Object.entries({
    core: ['ConfigMap', 'Secret', 'ServiceAccount', 'LimitRange', 'Endpoints', 'Event', 'PodTemplate', 'ResourceQuota'],
    'rbac.authorization.k8s.io': ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'],
    'networking.k8s.io': ['NetworkPolicy', 'IngressClass', 'IPAddress'],
    'scheduling.k8s.io': ['PriorityClass'],
    'node.k8s.io': ['RuntimeClass'],
    'storage.k8s.io': ['StorageClass', 'CSIDriver', 'CSINode', 'CSIStorageCapacity', 'VolumeAttributesClass'],
    'discovery.k8s.io': ['EndpointSlice'],
    'coordination.k8s.io': ['Lease'],
    apps: ['ControllerRevision'],
    'admissionregistration.k8s.io': [
      'ValidatingAdmissionPolicyBinding',
      'MutatingAdmissionPolicy',
      'MutatingAdmissionPolicyBinding',
    ],
    'resource.k8s.io': ['DeviceClass', 'ResourceSlice', 'ResourceClaimTemplate'],
    'monitoring.coreos.com': [
      'ServiceMonitor',
      'PodMonitor',
      'Probe',
      'PrometheusRule',
      'ScrapeConfig',
      'AlertmanagerConfig',
    ],
    'gateway.networking.k8s.io': ['ReferenceGrant'],
    'argoproj.io': ['AppProject', 'AnalysisTemplate', 'ClusterAnalysisTemplate'],
    'notification.toolkit.fluxcd.io': ['Alert', 'Provider'],
    'keda.sh': ['TriggerAuthentication', 'ClusterTriggerAuthentication'],
    'apiextensions.crossplane.io': ['Composition', 'CompositionRevision', 'EnvironmentConfig'],
  }),
);

/** True if objects of the kind are healthy by their existence. */
export function isStatusless(group: string, kind: string): boolean {
  return statusless.get(group === '' ? 'core' : group)?.includes(kind) ?? false;
}
