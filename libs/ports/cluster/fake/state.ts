import { groupOf, type KubeObject, type ObjectKey } from '@fairlead/core/model';
import { changeLog, type Change } from './changes.ts';
import { builtInKinds, kindsOfCrd, type FakeKind } from './kinds.ts';
import { copy, same, type Bag } from './values.ts';

/** The objects of the fake server. Every change counts one up, as etcd does. */
export interface State {
  /** The version of the whole. */
  version(): number;
  kinds(): readonly FakeKind[];
  get(key: ObjectKey): KubeObject | undefined;
  /** In the order of their keys. */
  all(kind?: { group: string; kind: string }): readonly KubeObject[];
  /** Stores what was changed; without a difference nothing happens. What is being deleted and has no finalizers left goes. */
  commit(kind: FakeKind, before: KubeObject | undefined, after: KubeObject): KubeObject;
  /** Marks for deletion, or deletes where no finalizer holds it; a namespace and a CRD take their objects along. */
  remove(object: KubeObject): void;
  /** Changes after a version; undefined if they are no longer known. */
  since(version: number): readonly Change[] | undefined;
  /** Forgets all changes: watches that go on from an older version get 410. */
  forgetChanges(): void;
  /** Called after each change; the function that is returned takes it back. */
  onChange(listener: () => void): () => void;
}

const crds = { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' };

/** `GROUP/KIND`: objects of all versions of a group lie together. */
export function kindId(kind: { group: string; kind: string }): string {
  return `${kind.group}/${kind.kind}`;
}

function place(key: Pick<ObjectKey, 'group' | 'kind' | 'namespace' | 'name'>): string {
  return `${kindId(key)}/${key.namespace}/${key.name}`;
}

function placeOf(object: KubeObject): string {
  const { namespace = '', name = '' } = object.metadata;
  return place({ group: groupOf(object.apiVersion), kind: object.kind, namespace, name });
}

/** Makes an empty state. `now` gives milliseconds since 1970; `establish`: a new CRD serves its kinds at once. */
export function emptyState(options: { now: () => number; establish: boolean }): State {
  const objects = new Map<string, KubeObject>();
  const log = changeLog();
  let version = 0;
  let uids = 0;
  const time = (): string => timeText(options.now());

  const store = (before: KubeObject | undefined, after: KubeObject): KubeObject => {
    version++;
    const object = { ...after, metadata: { ...after.metadata, resourceVersion: String(version) } };
    const ended = object.metadata.deletionTimestamp !== undefined && !object.metadata.finalizers?.length;
    if (ended) objects.delete(placeOf(object));
    else objects.set(placeOf(object), object);
    const id = `${groupOf(object.apiVersion)}/${object.kind}`;
    log.add({ version, id, object, before, deleted: ended });
    if (ended) removeDependants(object);
    return object;
  };
  const removeDependants = (object: KubeObject): void => {
    const isOf = dependsOn(object);
    for (const each of objects.values()) if (isOf(each)) state.remove(each);
  };
  const bear = (kind: FakeKind, object: KubeObject): KubeObject => {
    const uid = `00000000-0000-4000-8000-${String(++uids).padStart(12, '0')}`;
    const metadata = {
      ...object.metadata,
      uid,
      creationTimestamp: time(),
      ...(kind.generation ? { generation: 1 } : {}),
    };
    const born = store(undefined, { ...object, metadata });
    return kind.kind === crds.kind && options.establish ? store(born, established(born)) : born;
  };
  const state: State = {
    version: () => version,
    kinds: () => [
      ...builtInKinds,
      ...[...objects.values()].filter((each) => each.kind === crds.kind).flatMap((each) => kindsOfCrd(each)),
    ],
    get: (key) => objects.get(place(key)),
    all: (kind) => sorted(objects, kind),
    commit(kind, before, after) {
      if (before === undefined) return bear(kind, after);
      if (same(before, after)) return before;
      const { generation = 0 } = before.metadata;
      const respecified = kind.generation && !same(specificationOf(before), specificationOf(after));
      const metadata = respecified ? { ...after.metadata, generation: generation + 1 } : after.metadata;
      return store(before, { ...after, metadata });
    },
    remove(object) {
      const live = objects.get(placeOf(object));
      if (live === undefined || (live.metadata.deletionTimestamp !== undefined && live.metadata.finalizers?.length))
        return;
      store(live, { ...live, metadata: { ...live.metadata, deletionTimestamp: time() } });
    },
    since: (from) => log.since(from),
    forgetChanges: () => log.forget(++version),
    onChange: (listener) => log.onChange(listener),
  };
  return state;
}

/** RFC 3339 to the second, as in `metadata`. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function sorted(objects: ReadonlyMap<string, KubeObject>, kind?: { group: string; kind: string }): KubeObject[] {
  const prefix = kind === undefined ? '' : `${kindId(kind)}/`;
  const found = [...objects].filter(([at]) => at.startsWith(prefix));
  return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

function specificationOf(object: KubeObject): Bag {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

function established(crd: KubeObject): KubeObject {
  return {
    ...copy(crd),
    status: { conditions: [{ type: 'Established', status: 'True', reason: 'InitialNamesAccepted' }] },
  };
}

/** Which objects end with this one. */
function dependsOn(object: KubeObject): (other: KubeObject) => boolean {
  const { name = '', uid } = object.metadata;
  if (object.kind === 'Namespace' && groupOf(object.apiVersion) === '')
    return (other) => other.metadata.namespace === name;
  const { spec } = object as { spec?: { group?: string; names?: { kind?: string } } };
  const owned = (other: KubeObject): boolean =>
    uid !== undefined && (other.metadata.ownerReferences ?? []).some((owner) => owner.uid === uid);
  if (object.kind !== crds.kind) return owned;
  return (other) => groupOf(other.apiVersion) === spec?.group && other.kind === spec?.names?.kind;
}
