import { FairleadError, type KubeObject, type ManagedFieldsEntry } from '@fairlead/core/model';
import type { ApplyOptions, ClusterApi, ResourceKind } from '@fairlead/ports/cluster';
import type { Bench } from './contract.ts';

const self = { as: 'self' } as const;
let made = 0;

/** The agent's own rights. */
export const asSelf = { identity: self } as const;

/** The options of an apply by Fairlead, with changes. */
export function byFairlead(changes: Partial<ApplyOptions> = {}): ApplyOptions {
  return { identity: self, fieldManager: 'fairlead', force: false, ...changes };
}

/** A name that no other test uses. */
export function freshName(prefix: string): string {
  made += 1;
  return `${prefix}-${made}`;
}

/** A ConfigMap in `default`. */
export function configMap(name: string, data: Record<string, string>, labels?: Record<string, string>): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', ...(labels ? { labels } : {}) },
    data,
  };
}

/** A Deployment in `default` with one container. */
export function deployment(name: string, container: { image: string; env?: readonly object[] }): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', ...container }] } },
    },
  };
}

/** A kind that every server has. */
export async function kindNamed(bench: () => Bench, apiVersion: string, kind: string): Promise<ResourceKind> {
  const found = await bench().api.kindOf({ apiVersion, kind });
  if (!found) throw new Error(`the server has no ${kind}`);
  return found;
}

/** Reads an object that must be there. */
export async function read(api: ClusterApi, kind: ResourceKind, name: string): Promise<KubeObject> {
  const found = await api.get(kind, { namespace: 'default', name });
  if (!found) throw new Error(`the server has no ${kind.kind} ${name}`);
  return found;
}

/** A manager's entry for its applies. */
export function entryOf(object: KubeObject, manager: string): ManagedFieldsEntry | undefined {
  return object.metadata.managedFields?.find((entry) => entry.manager === manager && entry.operation === 'Apply');
}

/** The error that a call must end with. */
export async function failureOf(call: Promise<unknown>): Promise<FairleadError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof FairleadError) return outcome;
  throw outcome ?? new Error('the call did not fail');
}
