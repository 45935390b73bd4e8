import { assessHealth } from '@fairlead/core/health';
import { FairleadError, keyText, type ObjectKey } from '@fairlead/core/model';
import type { ResourceKind } from '@fairlead/ports/cluster';
import { applier, type Ground } from './loop/ground.ts';
import { ownerRefusalOf, type Permits } from './policy.ts';

/** The namespaces that are known to exist. */
export interface Namespaces {
  /** Makes the namespace as `fairlead-applier` if it is missing. It carries no label of ours and is never pruned. */
  ensure(name: string): Promise<void>;
  /** Something said that it does not exist. */
  forget(name: string): void;
  /** What keeps a namespace from going, for people; empty where nothing does. Those who ask together are answered together. */
  remains(name: string): Promise<string>;
}

const namespaceKind: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  namespaced: false,
  verbs: [],
};

/** Remembers namespaces, so that a pass that writes nothing asks nothing. */
export function createNamespaces(options: Pick<Ground, 'cluster' | 'namespace' | 'policy'>): Namespaces {
  const known = new Map<string, Promise<void>>();
  const asked = new Map<string, Promise<string>>();
  const ask = async (name: string): Promise<string> => {
    const found = await options.cluster.get(namespaceKind, { namespace: '', name });
    if (found?.metadata.deletionTimestamp === undefined) return '';
    return `of the namespace ${name}: ${assessHealth(found).message}`;
  };
  const make = async (name: string): Promise<void> => {
    if (await options.cluster.get(namespaceKind, { namespace: '', name }, { metadataOnly: true })) return;
    const refusal = refusalToMake(name, { policy: options.policy(), namespace: options.namespace });
    if (refusal) throw refusal;
    try {
      await options.cluster.create(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
        { identity: { as: 'serviceAccount', namespace: options.namespace, name: applier } },
      );
    } catch (error) {
      if (!(error instanceof FairleadError && error.code === 'Conflict')) throw error;
    }
  };
  return {
    ensure(name) {
      const made = known.get(name) ?? make(name);
      known.set(name, made);
      made.catch(() => known.delete(name));
      return made;
    },
    forget: (name) => void known.delete(name),
    remains(name) {
      const answer = asked.get(name) ?? ask(name).finally(() => asked.delete(name));
      asked.set(name, answer);
      return answer;
    },
  };
}

/** Making a Namespace is a write of that kind, as the applier: the owner's bounds hold for it as for any other. */
function refusalToMake(name: string, permits: Pick<Permits, 'policy' | 'namespace'>): FairleadError | undefined {
  const key: ObjectKey = { group: '', kind: 'Namespace', namespace: '', name };
  const { serviceAccounts } = permits.policy;
  const accounts = `Cannot write ${keyText(key)}: the owner of the cluster allows the service accounts ${serviceAccounts.join(', ')} only, and namespaces are made as ${applier}`;
  const mayApply = serviceAccounts.length === 0 || serviceAccounts.includes(applier);
  const message = ownerRefusalOf(key, keyText(key), permits)?.message ?? (mayApply ? undefined : accounts);
  if (message === undefined) return undefined;
  return new FairleadError(`${message}; it is missing, and the owner may make it`, {
    code: 'PermissionDenied',
    reason: 'OwnerPolicyForbids',
    subject: { object: keyText(key) },
    retry: 'backoff',
  });
}
