import { isBag, same, type Bag, type Value } from './values.ts';

/** `fieldsV1` of a managedFields entry (KEP-555): segments `f:`, `k:`, `v:` and `.`; an empty object is a leaf. */
export type Fields = { readonly [segment: string]: Fields };
/** A way through an object, in the segments of {@link Fields}. */
export type Path = readonly string[];

/** Lists that merge by key, by the name of their field; all other lists are one value. The schema knows better, a fake need not. */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  volumeMounts: ['mountPath'],
  imagePullSecrets: ['name'],
  conditions: ['type'],
  ownerReferences: ['uid'],
  hostAliases: ['ip'],
};
const containerPorts = ['containerPort', 'protocol'];
const servicePorts = ['port', 'protocol'];
const sets: ReadonlySet<string> = new Set(['finalizers']);

/** How the items of a list are told apart; undefined: it is one value. */
function keysOf(name: string, list: readonly Value[]): readonly string[] | undefined {
  if (!list.every(isBag)) return undefined;
  if (name !== 'ports') return listKeys[name];
  return list.some((item) => 'containerPort' in item) ? containerPorts : servicePorts;
}

function itemSegment(keys: readonly string[], item: Bag): string {
  const entries = keys.map((key) => [key, item[key] ?? (key === 'protocol' ? 'TCP' : null)] as const);
  return `k:${JSON.stringify(Object.fromEntries(entries))}`;
}

/** The children of a value by segment; undefined for a leaf. */
export function childrenOf(value: Value, name: string): Map<string, Value> | undefined {
  if (isBag(value)) {
    const entries = Object.entries(value).filter(([, child]) => child !== undefined);
    return entries.length === 0 ? undefined : new Map(entries.map(([key, child]) => [`f:${key}`, child]));
  }
  if (!Array.isArray(value) || value.length === 0) return undefined;
  if (sets.has(name)) return new Map(value.map((item) => [`v:${JSON.stringify(item)}`, item]));
  const keys = keysOf(name, value);
  return keys && new Map(value.map((item: Bag) => [itemSegment(keys, item), item]));
}

/** The name that decides how a list below it merges. */
export function nameOf(segment: string): string {
  return segment.startsWith('f:') ? segment.slice(2) : '';
}

/** Every field that a value sets. */
export function fieldsOf(value: Value, name = ''): Fields {
  const children = childrenOf(value, name);
  if (children === undefined) return {};
  const fields: Record<string, Fields> = {};
  for (const [segment, child] of children) {
    const below = segment.startsWith('v:') ? {} : fieldsOf(child, nameOf(segment));
    fields[segment] = segment.startsWith('k:') ? { '.': {}, ...below } : below;
  }
  return fields;
}

/** The leaves of a tree of fields. */
export function leavesOf(fields: Fields, above: Path = []): Path[] {
  return Object.entries(fields).flatMap(([segment, below]) => {
    const path = [...above, segment];
    return Object.keys(below).length === 0 ? [path] : leavesOf(below, path);
  });
}

/** True if the tree claims this path, something above it as one value, or something below it. */
export function has(fields: Fields, path: Path): boolean {
  let at: Fields | undefined = fields;
  for (const segment of path) {
    at = at[segment];
    if (at === undefined) return false;
    if (Object.keys(at).length === 0) return true;
  }
  return true;
}

/** True if the tree has this very path; an empty map above it does not name what lies below. */
export function names(fields: Fields, path: Path): boolean {
  let at: Fields | undefined = fields;
  for (const segment of path) at = at?.[segment];
  return at !== undefined;
}

/** True if the tree claims this very leaf, or something above it as one value; a claim on what lies below is none. */
export function owns(fields: Fields, path: Path): boolean {
  let at: Fields | undefined = fields;
  for (const segment of path) {
    at = at[segment];
    if (at === undefined) return false;
    if (Object.keys(at).length === 0) return true;
  }
  return false;
}

/** True for a field that tells the items of a list apart: it goes with its item only. */
export function isKeyField(path: Path): boolean {
  const [item = '', field = ''] = path.slice(-2);
  return item.startsWith('k:') && nameOf(field) in (JSON.parse(item.slice(2)) as object);
}

/** Both together. */
export function union(a: Fields, b: Fields): Fields {
  const result: Record<string, Fields> = { ...a };
  for (const [segment, below] of Object.entries(b)) result[segment] = union(result[segment] ?? {}, below);
  return result;
}

/** What is left without these leaves; branches that lose all of theirs go too. */
export function without(fields: Fields, gone: readonly Path[]): Fields {
  const result: Record<string, Fields> = { ...fields };
  for (const segment of new Set(gone.map((path) => path[0] ?? ''))) {
    const child = result[segment];
    if (child === undefined) continue;
    const below = gone.filter((path) => path[0] === segment).map((path) => path.slice(1));
    const left = below.some((path) => path.length === 0) ? {} : without(child, below);
    if (Object.keys(left).length === 0) delete result[segment];
    else result[segment] = left;
  }
  return result;
}

/** The value at a path; undefined where there is none. `.` is the item itself, and as a value always alike. */
export function valueAt(value: Value, path: Path, name = ''): Value {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  const child = segment === '.' ? true : childrenOf(value, name)?.get(segment);
  return child === undefined ? undefined : valueAt(child, rest, nameOf(segment));
}

/** Leaves that `after` sets otherwise than `before`, and leaves that only `before` has. */
export function changesOf(before: Value, after: Value): { changed: Path[]; gone: Path[] } {
  const old = fieldsOf(before);
  const fresh = fieldsOf(after);
  const exists = (fields: Fields, value: Value, path: Path): boolean =>
    has(fields, path) && valueAt(value, path) !== undefined;
  return {
    changed: leavesOf(fresh).filter(
      (path) => !exists(old, before, path) || !same(valueAt(before, path), valueAt(after, path)),
    ),
    gone: leavesOf(old).filter((path) => !exists(fresh, after, path)),
  };
}

/** `.spec.template.containers[name="a"].image`, as the API server writes it. */
export function pathText(path: Path): string {
  return path
    .filter((segment) => segment !== '.')
    .map((segment) => {
      if (segment.startsWith('f:')) return `.${segment.slice(2)}`;
      if (segment.startsWith('v:')) return `[=${segment.slice(2)}]`;
      const keys = Object.entries(JSON.parse(segment.slice(2)) as Bag);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}
