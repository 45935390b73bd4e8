import type { ApiFailure } from '../failure.ts';
import { copy, isBag, same, type Bag, type Value } from './values.ts';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: Value;
}

/** JSON Merge Patch (RFC 7396). */
export function mergePatch(target: Value, patch: Value): Value {
  if (!isBag(patch)) return patch;
  const result: Bag = isBag(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** JSON Patch (RFC 6902): add, remove, replace and test; the failure that a server gives where it does not fit. */
export function jsonPatch(target: Value, operations: readonly Operation[]): { value: Value } | ApiFailure {
  const value = copy(target);
  for (const operation of operations) {
    const steps = operation.path
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = steps.pop() ?? '';
    const parent = steps.reduce<Value>(
      (at, step) => (Array.isArray(at) || isBag(at) ? (at as Bag)[step] : undefined),
      value,
    );
    if (!(isBag(parent) ? inBag(parent, last, operation) : inList(parent, last, operation))) return misfit(operation);
  }
  return { value };
}

function inBag(parent: Bag, key: string, { op, value }: Operation): boolean {
  if (op !== 'add' && !(key in parent)) return false;
  if (op === 'test') return same(parent[key], value);
  if (op === 'remove') delete parent[key];
  else parent[key] = value;
  return op === 'add' || op === 'remove' || op === 'replace';
}

function inList(parent: Value, key: string, { op, value }: Operation): boolean {
  if (!Array.isArray(parent)) return false;
  const index = key === '-' ? parent.length : Number(key);
  const most = op === 'add' ? parent.length : parent.length - 1;
  if (!Number.isInteger(index) || index < 0 || index > most) return false;
  if (op === 'test') return same(parent[index], value);
  if (op === 'remove') parent.splice(index, 1);
  else parent.splice(index, op === 'add' ? 0 : 1, value);
  return op === 'add' || op === 'remove' || op === 'replace';
}

function misfit({ op, path }: Operation): ApiFailure {
  const message = `the server rejected our request due to an error in our request: ${op} ${path} does not fit`;
  return { status: 422, reason: 'Invalid', message, causes: [] };
}
