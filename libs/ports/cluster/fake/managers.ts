import type { KubeObject, ManagedFieldsEntry } from '@fairlead/core/model';
import type { ApiFailure } from '../failure.ts';
import {
  changesOf,
  fieldsOf,
  has,
  names,
  isKeyField,
  leavesOf,
  owns,
  pathText,
  union,
  valueAt,
  without,
  type Fields,
  type Path,
} from './fields.ts';
import { merge, remove } from './merge.ts';
import { copy, same, type Bag } from './values.ts';

/** Who writes, and when (the form of `managedFields`). */
export interface Writer {
  readonly manager: string;
  readonly time: string;
  readonly subresource?: string;
}

/** The fields of a KEP-555 server-side apply, without the parts that name the object. */
function configOf(applied: KubeObject): Bag {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = copy(applied) as KubeObject & Bag;
  const {
    name: _name,
    namespace: _namespace,
    managedFields: _entries,
    resourceVersion: _rv,
    uid: _uid,
    ...meta
  } = metadata;
  return Object.keys(meta).length === 0 ? rest : { metadata: meta, ...rest };
}

function fieldsIn(entry: ManagedFieldsEntry): Fields {
  return (entry.fieldsV1 ?? {}) as Fields;
}

/**
 * What the object is after an apply: fields that the manager no longer names go, unless another one owns them; a
 * field that another one owns with another value is a conflict (409), unless it is taken by force.
 */
export function applyTo(
  live: KubeObject | undefined,
  applied: KubeObject,
  { writer, force }: { writer: Writer; force: boolean },
): KubeObject | ApiFailure {
  const config = configOf(applied);
  const wanted = fieldsOf(config);
  const entries = live?.metadata.managedFields ?? [];
  const isMine = (entry: ManagedFieldsEntry): boolean =>
    entry.manager === writer.manager && entry.operation === 'Apply' && entry.subresource === writer.subresource;
  const others = entries.filter((entry) => !isMine(entry));
  const mine = entries.find(isMine);
  const contested = live === undefined ? [] : contestedIn(live, { config, wanted, others });
  if (contested.length > 0 && !force) return conflict(contested);
  const lost = contested.map(({ path }) => path);
  const dropped = droppedBy(mine, { wanted, others });
  let body: unknown = live ?? { metadata: {} };
  for (const path of dropped) body = remove(body, path);
  const merged = merge(body, config) as KubeObject;
  const unchanged =
    mine !== undefined && same(fieldsIn(mine), wanted) && live !== undefined && same(stripped(live), stripped(merged));
  const entry = unchanged
    ? mine
    : entryOf(writer, { operation: 'Apply', apiVersion: applied.apiVersion, fields: wanted });
  const { name = '', namespace } = applied.metadata;
  const metadata = {
    ...merged.metadata,
    name,
    ...(namespace ? { namespace } : {}),
    managedFields: placed(entries, { isMine, entry, lost }),
  };
  return { ...merged, apiVersion: applied.apiVersion, kind: applied.kind, metadata };
}

/** What the object is after any other write: whoever changes a field owns it, and nobody else does. */
export function updateTo(live: KubeObject | undefined, changed: KubeObject, writer: Writer): KubeObject {
  const before = live === undefined ? {} : configOf(live);
  const { changed: set, gone } = changesOf(before, configOf(changed));
  // A patch may take entries away by itself: that is how an object is released.
  const explicit = changed.metadata.managedFields;
  const entries = explicit ?? live?.metadata.managedFields ?? [];
  if (set.length === 0 && gone.length === 0)
    return { ...changed, metadata: { ...changed.metadata, managedFields: entries } };
  const isMine = (entry: ManagedFieldsEntry): boolean =>
    entry.manager === writer.manager && entry.operation === 'Update' && entry.subresource === writer.subresource;
  const mine = entries.find(isMine);
  const fields = union(mine === undefined ? {} : without(fieldsIn(mine), gone), treeOf(set));
  const entry = entryOf(writer, { operation: 'Update', apiVersion: changed.apiVersion, fields });
  return {
    ...changed,
    metadata: { ...changed.metadata, managedFields: placed(entries, { isMine, entry, lost: [...set, ...gone] }) },
  };
}

/** What the manager owned, no longer names, and nobody else holds; items of lists first, as a whole. */
function droppedBy(
  mine: ManagedFieldsEntry | undefined,
  { wanted, others }: { wanted: Fields; others: readonly ManagedFieldsEntry[] },
): Path[] {
  const free = leavesOf(mine === undefined ? {} : fieldsIn(mine)).filter((path) => {
    const held = path.at(-1) === '.' ? path.slice(0, -1) : path;
    return !isKeyField(path) && !names(wanted, held) && !others.some((entry) => has(fieldsIn(entry), held));
  });
  return free.sort((a, b) => Number(b.at(-1) === '.') - Number(a.at(-1) === '.'));
}

interface Contested {
  readonly path: Path;
  readonly manager: string;
}

function contestedIn(
  live: KubeObject,
  { config, wanted, others }: { config: Bag; wanted: Fields; others: readonly ManagedFieldsEntry[] },
): Contested[] {
  const differing = leavesOf(wanted).filter(
    (path) => path.at(-1) !== '.' && !same(valueAt(live, path), valueAt(config, path)),
  );
  return differing.flatMap((path) =>
    others.filter((entry) => owns(fieldsIn(entry), path)).map((entry) => ({ path, manager: entry.manager ?? '' })),
  );
}

function conflict(contested: readonly Contested[]): ApiFailure {
  const causes = contested.map(({ path, manager }) => ({
    reason: 'FieldManagerConflict',
    field: pathText(path),
    message: `conflict with ${JSON.stringify(manager)}`,
    manager,
  }));
  const words = causes.map(({ message, field }) => `${message}: ${field}`).join(', ');
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`;
  return { status: 409, reason: 'Conflict', message: `Apply failed with ${count}: ${words}`, causes };
}

function treeOf(paths: readonly Path[]): Fields {
  let tree: Fields = {};
  for (const path of paths)
    tree = union(
      tree,
      path.reduceRight<Fields>((below, segment) => ({ [segment]: below }), {}),
    );
  return tree;
}

function entryOf(
  writer: Writer,
  { operation, apiVersion, fields }: { operation: 'Apply' | 'Update'; apiVersion: string; fields: Fields },
): ManagedFieldsEntry {
  const { manager, time, subresource } = writer;
  const entry = { manager, operation, apiVersion, time, fieldsType: 'FieldsV1', fieldsV1: fields };
  return subresource === undefined ? entry : { ...entry, subresource };
}

/** The entry in its place, or at the end; all others without what they lost. One that names nothing is left out. */
function placed(
  entries: readonly ManagedFieldsEntry[],
  {
    isMine,
    entry,
    lost,
  }: { isMine: (entry: ManagedFieldsEntry) => boolean; entry: ManagedFieldsEntry; lost: readonly Path[] },
): ManagedFieldsEntry[] {
  const others = entries.map((each) => (isMine(each) ? entry : { ...each, fieldsV1: without(fieldsIn(each), lost) }));
  const all = entries.some(isMine) ? others : [...others, entry];
  return all.filter((each) => Object.keys(fieldsIn(each)).length > 0);
}

function stripped(object: KubeObject): Bag {
  const { managedFields: _entries, resourceVersion: _rv, ...metadata } = object.metadata;
  const { apiVersion: _version, kind: _kind, ...rest } = object as KubeObject & Bag;
  return { ...rest, metadata };
}
