import type { KubeObject } from '@fairlead/core/model';

/** A condition as most controllers write it. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

/** The value at a path of keys; undefined where a step is missing or no object. Objects come from outside: nothing is taken for granted. */
export function valueAt(from: unknown, path: string): unknown {
  let value = from;
  for (const key of path.split('.')) {
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

/** The condition of a type; undefined if there is none. */
export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  const found = listAt(object, 'status.conditions').find((condition) => textAt(condition, 'type') === type);
  if (found === undefined) return undefined;
  const observed = valueAt(found, 'observedGeneration');
  return {
    type,
    status: textAt(found, 'status'),
    reason: textAt(found, 'reason'),
    message: textAt(found, 'message'),
    ...(typeof observed === 'number' ? { observedGeneration: observed } : {}),
  };
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
