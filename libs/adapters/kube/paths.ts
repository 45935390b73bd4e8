import type { ObjectKey } from '@fairlead/core/model';
import type { ResourceKind } from '@fairlead/ports/cluster';

/** What may follow the `?`; undefined values are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The path of a kind's collection, in one namespace or in all. */
export function collectionPath(kind: ResourceKind, namespace = ''): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const inside = kind.namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${inside}/${kind.resource}`;
}

/** The path of one object, or of a subresource of it. */
export function objectPath(
  kind: ResourceKind,
  key: Pick<ObjectKey, 'namespace' | 'name'>,
  subresource?: string,
): string {
  const path = `${collectionPath(kind, key.namespace)}/${encodeURIComponent(key.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** Puts a query behind a path. */
export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return path;
  return `${path}?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}

/** The key of an object of this kind, for messages. */
export function keyIn(kind: ResourceKind, key: { namespace?: string; name?: string }): ObjectKey {
  return {
    group: kind.group,
    kind: kind.kind,
    namespace: kind.namespaced ? (key.namespace ?? '') : '',
    name: key.name ?? '',
  };
}
