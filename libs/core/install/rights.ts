import type { KubeObject } from '@fairlead/core/model';
import { accounts, agentDeployment, aggregationLabel, type Install } from './options.ts';

const rbac = 'rbac.authorization.k8s.io';
const apiVersion = `${rbac}/v1`;
const reads = ['get', 'list', 'watch'];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * One by one: `*` would cover `pods/exec` and `nodes/proxy`, where a GET is enough to run a command, and tokens of any
 * account behind `serviceaccounts/token`.
 */
const coreKinds = [
  'configmaps',
  'endpoints',
  'events',
  'limitranges',
  'namespaces',
  'nodes',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'serviceaccounts',
  'services',
];

/** Groups of Kubernetes itself in which no GET does more than read. */
const otherGroups = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'fairlead.dev',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
];

/** The agent's account, those that it impersonates, and teams'. Only the agent's own needs a token in a Pod. */
export function accountObjects({ namespace, teamServiceAccounts }: Install): KubeObject[] {
  const impersonated = [accounts.applier, accounts.upgrader, ...teamServiceAccounts];
  const account = (name: string, automountServiceAccountToken: boolean): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace },
    automountServiceAccountToken,
  });
  return [account(accounts.agent, true), ...impersonated.map((name) => account(name, false))];
}

/** What the agent reads in the whole cluster, and the Events that it writes beside objects. */
export function readingRights(install: Install): KubeObject[] {
  const rules: Rule[] = [
    { apiGroups: [''], resources: coreKinds, verbs: reads },
    { apiGroups: otherGroups, resources: ['*'], verbs: reads },
    { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  ];
  const more = { clusterRoleSelectors: [{ matchLabels: { [aggregationLabel]: 'true' } }] };
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name: 'fairlead-agent' }, rules },
    // A role of its own: what is aggregated is filled in by a controller, and the agent must read before that.
    { apiVersion, kind: 'ClusterRole', metadata: { name: 'fairlead-agent-more' }, aggregationRule: more },
    clusterBinding(install, { name: 'fairlead-agent', role: 'fairlead-agent', account: accounts.agent }),
    clusterBinding(install, { name: 'fairlead-agent-more', role: 'fairlead-agent-more', account: accounts.agent }),
  ];
}

/**
 * What the agent may do in its own namespace. No ConfigMaps: the owner's policy is one. A Role, so that it can
 * impersonate nobody elsewhere.
 */
export function ownRights(install: Install): KubeObject[] {
  const writes = ['create', 'update', 'patch', 'delete'];
  const rules: Rule[] = [
    { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] },
    { apiGroups: [''], resources: ['secrets'], verbs: writes },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: writes },
    { apiGroups: ['fairlead.dev'], resources: ['deliveries', 'deliveries/status'], verbs: writes },
  ];
  return roleFor(install, { name: 'fairlead-agent', account: accounts.agent, rules });
}

/** An upgrade writes the agent's Deployment by name, and nothing else. */
export function upgraderRights(install: Install): KubeObject[] {
  const rules: Rule[] = [
    { apiGroups: ['apps'], resources: ['deployments'], resourceNames: [agentDeployment], verbs: ['get', 'patch'] },
  ];
  return roleFor(install, { name: 'fairlead-upgrader', account: accounts.upgrader, rules });
}

/** The profile that the owner picked, for applications whose team has no account of its own. */
export function applierBinding(install: Install): KubeObject {
  return clusterBinding(install, { name: 'fairlead-applier', role: install.profile, account: accounts.applier });
}

function roleFor(
  { namespace }: Install,
  { name, account, rules }: { name: string; account: string; rules: readonly Rule[] },
): KubeObject[] {
  const metadata = { name, namespace };
  const roleRef = { apiGroup: rbac, kind: 'Role', name };
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace }];
  return [
    { apiVersion, kind: 'Role', metadata, rules },
    { apiVersion, kind: 'RoleBinding', metadata, roleRef, subjects },
  ];
}

function clusterBinding(
  { namespace }: Install,
  { name, role, account }: { name: string; role: string; account: string },
): KubeObject {
  const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: role };
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace }];
  return { apiVersion, kind: 'ClusterRoleBinding', metadata: { name }, roleRef, subjects };
}
