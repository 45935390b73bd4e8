import type { KubeObject } from '@fairlead/core/model';

/** A condition as most controllers write it. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** `Error`, `Warning` or `Info` where the kind grades its conditions. */
  readonly severity: string;
  readonly observedGeneration?: number;
}

/** Paths are literals of this room, so their number is bounded; an agent reads them with each event of each object. */
const keysOfPath = new Map<string, readonly string[]>();

function keysOf(path: string): readonly string[] {
  let keys = keysOfPath.get(path);
  if (keys === undefined) keysOfPath.set(path, (keys = path.split('.')));
  return keys;
}

/**
 * The value at a path of keys; undefined where a step is missing or no object. Objects come from outside: nothing is taken for
 * granted. The path is a literal, never text of an object.
 */
export function valueAt(from: unknown, path: string): unknown {
  let value = from;
  for (const key of keysOf(path)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The number at a path, else `fallback` (0 unless given). */
export function numberAt(from: unknown, path: string, fallback = 0): number {
  const value = valueAt(from, path);
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : fallback;
}

/** The string at a path, else an empty one. */
export function textAt(from: unknown, path: string): string {
  const value = valueAt(from, path);
  return typeof value === 'string' ? value : '';
}

/** The list at a path, else an empty one. */
export function listAt(from: unknown, path: string): readonly unknown[] {
  const value = valueAt(from, path);
  return Array.isArray(value) ? value : [];
}

/** The value of an annotation, else an empty string. */
export function annotationOf(object: KubeObject, name: string): string {
  const value: unknown = object.metadata.annotations?.[name];
  return typeof value === 'string' ? value : '';
}

/** The condition of a type; undefined if there is none. */
export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  return conditionIn(listAt(object, 'status.conditions'), type);
}

/** The condition of a type in a list that stands elsewhere, as for each listener of a Gateway; undefined if there is none. */
export function conditionIn(conditions: readonly unknown[], type: string): Condition | undefined {
  for (const found of conditions) {
    if (textAt(found, 'type') !== type) continue;
    const observed = valueAt(found, 'observedGeneration');
    return {
      type,
      status: textAt(found, 'status'),
      reason: textAt(found, 'reason'),
      message: textAt(found, 'message'),
      severity: textAt(found, 'severity'),
      ...(typeof observed === 'number' ? { observedGeneration: observed } : {}),
    };
  }
  return undefined;
}

/** True if the condition speaks of the object as it is now, as far as it says. */
export function isFresh(condition: Condition, object: KubeObject): boolean {
  return (
    condition.observedGeneration === undefined ||
    object.metadata.generation === undefined ||
    condition.observedGeneration >= object.metadata.generation
  );
}

/** `Type is Status: reason: message`, with what is there. */
export function conditionText(condition: Condition): string {
  const detail = [condition.reason, condition.message].filter(Boolean).join(': ');
  const head = `${condition.type} is ${condition.status || 'unset'}`;
  return detail === '' ? head : `${head} (${detail})`;
}
