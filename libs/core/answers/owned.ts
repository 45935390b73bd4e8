/** A kind by group and name. */
export interface KindName {
  readonly group: string;
  readonly kind: string;
}

const pod: KindName = { group: '', kind: 'Pod' };
const claim: KindName = { group: '', kind: 'PersistentVolumeClaim' };
const revision: KindName = { group: 'apps', kind: 'ControllerRevision' };
const workloads: readonly KindName[] = [
  { group: 'apps', kind: 'Deployment' },
  { group: 'apps', kind: 'StatefulSet' },
  { group: 'apps', kind: 'DaemonSet' },
  { group: 'apps', kind: 'ReplicaSet' },
  { group: 'batch', kind: 'CronJob' },
  { group: 'batch', kind: 'Job' },
];

/** What the controllers of Kubernetes itself make for each of their kinds. */
const made: ReadonlyMap<string, readonly KindName[]> = new Map([
  ['apps/Deployment', [{ group: 'apps', kind: 'ReplicaSet' }]],
  ['apps/ReplicaSet', [pod]],
  ['apps/StatefulSet', [pod, claim, revision]],
  ['apps/DaemonSet', [pod, revision]],
  ['batch/CronJob', [{ group: 'batch', kind: 'Job' }]],
  ['batch/Job', [pod]],
  ['/ReplicationController', [pod]],
  ['/Service', [{ group: 'discovery.k8s.io', kind: 'EndpointSlice' }]],
]);

/** What operators make for their resources, beside kinds of their own groups. */
const byOperators: readonly KindName[] = [
  ...workloads,
  pod,
  claim,
  { group: '', kind: 'ConfigMap' },
  { group: '', kind: 'Secret' },
  { group: '', kind: 'Service' },
  { group: '', kind: 'ServiceAccount' },
  { group: 'networking.k8s.io', kind: 'Ingress' },
  { group: 'policy', kind: 'PodDisruptionBudget' },
];

/** Groups of Kubernetes itself have no dot, or end like this. */
function isOperators(group: string): boolean {
  return group.includes('.') && !group.endsWith('.k8s.io');
}

/**
 * The kinds that objects of these kinds may own, and what those may own in turn: what the controllers of Kubernetes make, and for
 * resources of operators also every kind of their own group (`kindsOf`), in the order in which they were found.
 */
export function ownableKinds(
  roots: readonly KindName[],
  kindsOf: (group: string) => readonly KindName[],
): readonly KindName[] {
  const found = new Map<string, KindName>();
  const seen = new Set<string>();
  const waiting = [...roots];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const text = `${next.group}/${next.kind}`;
    if (seen.has(text)) continue;
    seen.add(text);
    const owned = isOperators(next.group) ? [...kindsOf(next.group), ...byOperators] : (made.get(text) ?? []);
    for (const kind of owned) found.set(`${kind.group}/${kind.kind}`, kind);
    waiting.push(...owned);
  }
  return [...found.values()];
}

/** Groups of which {@link ownableKinds} asks for the kinds. */
export function operatorGroups(roots: readonly KindName[]): readonly string[] {
  return [...new Set(roots.map(({ group }) => group).filter(isOperators))];
}
