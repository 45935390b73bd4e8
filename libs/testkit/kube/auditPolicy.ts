/** How much the audit log keeps: who did what, or also what was sent and answered. */
export type AuditLevel = 'Metadata' | 'RequestResponse';

/**
 * An audit policy that records what users and agents do, and of the control plane's own parts only what
 * they write: their watches and leases would bury the rest. Secrets and tokens are kept without bodies.
 */
export function auditPolicy(level: AuditLevel): object {
  return {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [
      { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*'] },
      { level: 'None', users: ['system:apiserver'] },
      {
        level: 'None',
        users: ['system:kube-scheduler', 'system:kube-controller-manager', 'kwok'],
        verbs: ['get', 'list', 'watch'],
      },
      { level: 'None', userGroups: ['system:serviceaccounts:kube-system'], verbs: ['get', 'list', 'watch'] },
      { level: 'None', users: ['kwok'], resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }] },
      {
        level: 'Metadata',
        resources: [{ group: '', resources: ['secrets', 'serviceaccounts/token'] }, { group: 'authentication.k8s.io' }],
      },
      { level },
    ],
  };
}
