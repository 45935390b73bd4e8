import { assessHealth } from '@fairlead/core/health';
import { FairleadError } from '@fairlead/core/model';
import type { ClusterApi, Identity, ResourceKind } from '@fairlead/ports/cluster';

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
export function createNamespaces(options: { cluster: ClusterApi; applier: Identity }): Namespaces {
  const known = new Map<string, Promise<void>>();
  const asked = new Map<string, Promise<string>>();
  const ask = async (name: string): Promise<string> => {
    const found = await options.cluster.get(namespaceKind, { namespace: '', name });
    if (found?.metadata.deletionTimestamp === undefined) return '';
    return `of the namespace ${name}: ${assessHealth(found).message}`;
  };
  const make = async (name: string): Promise<void> => {
    if (await options.cluster.get(namespaceKind, { namespace: '', name }, { metadataOnly: true })) return;
    try {
      await options.cluster.create(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
        { identity: options.applier },
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
