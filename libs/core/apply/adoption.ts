import {
  isMap,
  lastAppliedAnnotation,
  type JsonObject,
  type KubeObject,
  type ManagedFieldsEntry,
} from '@fairlead/core/model';

/** Which field manager `kubectl apply` is on the client's side. */
const clientSide = 'kubectl-client-side-apply';

/**
 * Managers whose entry may hold fields of a client-side apply among others: all that an object had before the server kept track,
 * and an old kubectl for everything that it did. Only what the annotation names is kubectl's word.
 */
const mixed: ReadonlySet<string> = new Set(['before-first-apply', 'kubectl']);

/** True for the field managers that an adopted object's fields may be taken over from. */
export function isClientSide(manager: string): boolean {
  return manager === clientSide || mixed.has(manager);
}

/**
 * The managedFields of an object once its fields from client-side applies belong to `manager`'s applies; undefined where there are
 * none. The next apply then takes away what it does not name, the annotation among it, as `kubectl apply` would have.
 */
export function takeOver(object: KubeObject, manager: string): readonly ManagedFieldsEntry[] | undefined {
  const entries = object.metadata.managedFields ?? [];
  const config = lastConfigurationOf(object);
  const isOurs = (entry: ManagedFieldsEntry): boolean =>
    entry.manager === manager && entry.operation === 'Apply' && !entry.subresource;
  const taken = new Map<ManagedFieldsEntry, JsonObject>();
  for (const entry of entries) {
    const fields = entry.operation === 'Update' && !entry.subresource ? fieldsOf(entry, config) : {};
    if (Object.keys(fields).length > 0) taken.set(entry, fields);
  }
  const [first] = taken.keys();
  if (first === undefined) return undefined;
  const base = entries.find(isOurs) ?? { ...first, manager, operation: 'Apply' as const, fieldsV1: {} };
  const fieldsV1 = [...taken.values()].reduce(union, base.fieldsV1 ?? {});
  const others = entries.flatMap((entry) => {
    const left = without(entry.fieldsV1 ?? {}, taken.get(entry) ?? {});
    return isOurs(entry) || Object.keys(left).length === 0 ? [] : [{ ...entry, fieldsV1: left }];
  });
  return [{ ...base, fieldsV1 }, ...others];
}

function fieldsOf(entry: ManagedFieldsEntry, config: unknown): JsonObject {
  const fields = entry.fieldsV1 ?? {};
  if (entry.manager === clientSide) return fields;
  return config !== undefined && mixed.has(entry.manager ?? '') ? within(fields, config) : {};
}

/** What kubectl applied last, with the annotation that says so; undefined where there is none that can be read. */
function lastConfigurationOf(object: KubeObject): unknown {
  const text = object.metadata.annotations?.[lastAppliedAnnotation];
  if (text === undefined) return undefined;
  const config = parsed(text);
  if (!isMap(config)) return undefined;
  const metadata = isMap(config['metadata']) ? config['metadata'] : {};
  const annotations = isMap(metadata['annotations']) ? metadata['annotations'] : {};
  return { ...config, metadata: { ...metadata, annotations: { ...annotations, [lastAppliedAnnotation]: '' } } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The part of `fieldsV1` (KEP-555: `f:` fields, `k:` items by key, `v:` values, `.` the thing itself) that a configuration sets. */
function within(fields: JsonObject, value: unknown): JsonObject {
  const kept = Object.entries(fields).flatMap(([segment, below]) => {
    const child = segment === '.' ? value : childAt(value, segment);
    if (child === undefined || !isMap(below)) return [];
    return [[segment, isLeaf(below) ? below : within(below, child)] as const];
  });
  return Object.fromEntries(kept.filter(([segment, below]) => isLeaf(fields[segment]) || !isLeaf(below)));
}

function childAt(value: unknown, segment: string): unknown {
  const word = segment.slice(2);
  if (segment.startsWith('f:')) return isMap(value) ? value[word] : undefined;
  if (!Array.isArray(value)) return undefined;
  const wanted = parsed(word);
  if (segment.startsWith('v:')) return value.includes(wanted) ? wanted : undefined;
  // A key that the configuration leaves out was defaulted by the server.
  const keys = isMap(wanted) ? Object.entries(wanted) : [];
  return value.find((item) => isMap(item) && keys.every(([key, is]) => item[key] === undefined || item[key] === is));
}

function union(a: JsonObject, b: JsonObject): JsonObject {
  const result: Record<string, JsonObject> = { ...(a as Record<string, JsonObject>) };
  for (const [segment, below] of Object.entries(b as Record<string, JsonObject>))
    result[segment] = union(result[segment] ?? {}, below);
  return result;
}

/** What is left of `fields` without the leaves of `gone`. */
function without(fields: JsonObject, gone: JsonObject): JsonObject {
  const left = Object.entries(fields as Record<string, JsonObject>).flatMap(([segment, below]) => {
    const away = gone[segment] as JsonObject | undefined;
    if (away === undefined) return [[segment, below] as const];
    const rest = without(below, away);
    return isLeaf(rest) ? [] : [[segment, rest] as const];
  });
  return Object.fromEntries(left);
}

function isLeaf(fields: unknown): boolean {
  return !isMap(fields) || Object.keys(fields).length === 0;
}
