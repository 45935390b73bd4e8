import {
  asFairleadError,
  matchesWord,
  type ApplicationId,
  type CountOrPercent,
  type DesiredEntry,
  type ObjectKey,
  type Reason,
} from '@fairlead/core/model';
import type { ClusterApi, ResourceKind } from '@fairlead/ports/cluster';
import type { AgentLog } from './log.ts';

/** What the cluster's owner allows, whatever the hub says. Empty lists allow all. */
export interface OwnerPolicy {
  readonly namespaces: readonly string[];
  readonly allowKinds: readonly string[];
  readonly denyKinds: readonly string[];
  /** Service accounts that applications may use. */
  readonly serviceAccounts: readonly string[];
  /** How much of an application may be deleted in one pass, whatever is acknowledged; undefined: as much as is acknowledged. */
  readonly pruneBudget: CountOrPercent | undefined;
}

/** Name of the ConfigMap beside the agent. */
export const policyName = 'fairlead-policy';

/** In force where the owner has written none. */
export const defaultPolicy: OwnerPolicy = {
  namespaces: [],
  allowKinds: [],
  denyKinds: [],
  serviceAccounts: [],
  pruneBudget: undefined,
};

const configMapKind: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  namespaced: true,
  verbs: [],
};

const known = new Set(['namespaces', 'allowKinds', 'denyKinds', 'serviceAccounts', 'pruneBudget']);

/**
 * Reads the policy: keys of the ConfigMap are `namespaces`, `allowKinds`, `denyKinds`, `serviceAccounts` (words, parted
 * by commas or blanks) and `pruneBudget` (a count or a percentage). Throws where it cannot be read: without knowing what
 * the owner allows, nothing may be done. An unreadable budget is 0, the strictest.
 */
export async function readPolicy(place: {
  cluster: ClusterApi;
  namespace: string;
  log: AgentLog;
}): Promise<OwnerPolicy> {
  const found = await place.cluster.get(configMapKind, { namespace: place.namespace, name: policyName });
  const data = (found?.['data'] ?? {}) as Readonly<Record<string, string>>;
  // A rule that is written and not read would be believed to hold.
  for (const key of Object.keys(data)) if (!known.has(key)) place.log.error('policy.unknown', { key });
  const words = (key: string): string[] => (data[key] ?? '').split(/[\s,]+/).filter(Boolean);
  return {
    namespaces: words('namespaces'),
    allowKinds: words('allowKinds'),
    denyKinds: words('denyKinds'),
    serviceAccounts: words('serviceAccounts'),
    pruneBudget: budgetOf(data['pruneBudget'], place.log),
  };
}

function budgetOf(text: string | undefined, log: AgentLog): CountOrPercent | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined || trimmed === '') return undefined;
  if (/^(100|\d{1,2})%$/.test(trimmed)) return trimmed;
  if (/^\d{1,9}$/.test(trimmed)) return Number(trimmed);
  log.error('policy.unreadable', { key: 'pruneBudget', value: trimmed });
  return 0;
}

/** Follows the policy; `changed` hears of each new one. Ends with the signal. */
export async function followPolicy(
  place: { cluster: ClusterApi; namespace: string; log: AgentLog; signal: AbortSignal },
  changed: (policy: OwnerPolicy) => void,
): Promise<void> {
  const { cluster, namespace, log, signal } = place;
  let before = '';
  for await (const event of cluster.watch({ kind: configMapKind, namespace, metadataOnly: true, signal })) {
    const concerns = event.type === 'Synced' || ('object' in event && event.object.metadata.name === policyName);
    if (!concerns) continue;
    try {
      const policy = await readPolicy(place);
      if (JSON.stringify(policy) !== before && before !== '') changed(policy);
      before = JSON.stringify(policy);
    } catch (error) {
      log.warn('policy.unread', { error: asFairleadError(error).message });
    }
  }
}

/** Why an object may not be applied. */
export interface Refusal {
  readonly reason: Reason;
  readonly message: string;
}

/** What judges an object beside its manifest. */
export interface Permits {
  readonly application: ApplicationId;
  readonly team: DesiredEntry['team'];
  readonly policy: OwnerPolicy;
  /** The agent's own namespace, where no application may write. */
  readonly namespace: string;
  /** Key texts of the install manifest. */
  readonly installed: ReadonlySet<string>;
}

/** Why team or owner forbid an object, by its filled-in key; undefined: they do not. */
export function refusalOf(key: ObjectKey, text: string, permits: Permits): Refusal | undefined {
  const { team, namespace, installed } = permits;
  const refuse = (reason: Reason, why: string): Refusal => ({ reason, message: `Cannot apply ${text}: ${why}` });
  const target = key.group === '' && key.kind === 'Namespace' ? key.name : key.namespace;
  if (target === namespace)
    return refuse('OwnerPolicyForbids', `the namespace ${namespace} is the agent's own; use another one`);
  if (installed.has(text))
    return refuse(
      'OwnerPolicyForbids',
      'it belongs to the install manifest of the agent; the owner of the cluster changes it there',
    );
  if (names(team.denyKinds, key.kind))
    return refuse('TeamForbids', `the team may not use the kind ${key.kind}; change the Team document`);
  if (!allows(team.allowKinds, key.kind))
    return refuse(
      'TeamForbids',
      `the team may use the kinds ${team.allowKinds.join(', ')} only; change the Team document`,
    );
  if (target !== '' && !allows(team.namespaces, target)) {
    return refuse(
      'TeamForbids',
      `the team may use the namespaces ${team.namespaces.join(', ')} only; change the Team document`,
    );
  }
  return ownerRefusalOf(key, text, permits);
}

/** Why the owner alone forbids to write an object, be it to make or to delete it; undefined: they do not. */
export function ownerRefusalOf(
  key: ObjectKey,
  text: string,
  { policy, namespace }: Pick<Permits, 'policy' | 'namespace'>,
): Refusal | undefined {
  const target = key.group === '' && key.kind === 'Namespace' ? key.name : key.namespace;
  const owner = `Cannot write ${text}: the policy ${namespace}/${policyName} of the cluster's owner`;
  if (names(policy.denyKinds, key.kind) || !allows(policy.allowKinds, key.kind))
    return { reason: 'OwnerPolicyForbids', message: `${owner} forbids the kind ${key.kind}` };
  if (target !== '' && !allows(policy.namespaces, target))
    return { reason: 'OwnerPolicyForbids', message: `${owner} forbids the namespace ${target}` };
  return undefined;
}

/** An empty list allows all. */
function allows(patterns: readonly string[], word: string): boolean {
  return patterns.length === 0 || names(patterns, word);
}

/** The patterns of Team documents: the hub and the agent must read them alike. */
function names(patterns: readonly string[], word: string): boolean {
  return patterns.some((pattern) => matchesWord(pattern, word));
}
