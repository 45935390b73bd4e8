import type { JsonObject } from '@fairlead/core/model';
import type { Acknowledged, Defined, NamedRelease, Said, Selecting, Walked } from './snapshot.ts';

/** One fact of a walk, and what it was made of: of the same parts it would be the same. */
export interface Piece {
  readonly parts: readonly unknown[];
  readonly value: JsonObject;
}

/** Pieces by the key of their fact. */
export type Pieces = ReadonlyMap<string, Piece>;

/** What every fact of a walk but the first is called. */
export const prefix = 'walk:';

/** How many bytes of JSON are kept in one fact, well below what one may hold. */
const pieceBytes = 262_144;

/** The pieces that hold a walk, those of one entry apart from all others: what did not change need not be written. */
export const makers = {
  definitions: (id: string, value: Defined): Pieces =>
    new Map([
      [`${prefix}definition:${id}`, { parts: [value.digest, value.since], value: value as unknown as JsonObject }],
    ]),
  selectors: (name: string, value: Selecting): Pieces =>
    new Map([
      [
        `${prefix}selector:${name}`,
        { parts: [value.text, value.since, value.changed], value: value as unknown as JsonObject },
      ],
    ]),
  removed: (key: string, commit: string): Pieces =>
    new Map([[`${prefix}removed:${key}`, { parts: [commit], value: { commit } }]]),
  left: (key: string, commit: string): Pieces =>
    new Map([[`${prefix}left:${key}`, { parts: [commit], value: { commit } }]]),
  named: (key: string, list: readonly NamedRelease[]): Pieces => lists(`${prefix}named:${key}`, list.toReversed()),
  acknowledged: (list: readonly Acknowledged[]): Pieces => lists(`${prefix}acknowledged`, list),
  said: (key: string, list: readonly Said[]): Pieces => lists(`${prefix}said:${key}`, list),
} as const;

/** A list in as many facts as it needs. The oldest come first, so that one that grows changes its last fact only. */
function lists(name: string, oldestFirst: readonly object[]): Pieces {
  const pieces = new Map<string, Piece>();
  let parts: object[] = [];
  let bytes = 0;
  const close = (): void => {
    const list = parts as unknown as JsonObject[];
    pieces.set(`${name}:${String(pieces.size).padStart(6, '0')}`, { parts, value: { list } });
    parts = [];
    bytes = 0;
  };
  for (const item of oldestFirst) {
    if (parts.length > 0 && bytes + bytesOf(item) > pieceBytes) close();
    parts.push(item);
    bytes += bytesOf(item);
  }
  if (parts.length > 0) close();
  return pieces;
}

const sizes = new WeakMap<object, number>();

/** An upper bound: a character is three bytes at most. */
function bytesOf(item: object): number {
  let size = sizes.get(item);
  if (size === undefined) sizes.set(item, (size = JSON.stringify(item).length * 3));
  return size;
}

/** Everything that was kept, put together again. */
export function assemble(facts: ReadonlyMap<string, JsonObject>): Omit<Walked, 'head'> {
  const walked = {
    definitions: new Map<string, unknown>(),
    selectors: new Map<string, unknown>(),
    removed: new Map<string, unknown>(),
    left: new Map<string, unknown>(),
    named: new Map<string, unknown[]>(),
    acknowledged: [] as unknown[],
    said: new Map<string, unknown[]>(),
  };
  for (const [key, value] of facts) {
    const [, kind, ...rest] = key.split(':');
    const name = rest[0] ?? '';
    if (kind === 'definition') walked.definitions.set(name, value);
    else if (kind === 'selector') walked.selectors.set(name, value);
    else if (kind === 'removed' || kind === 'left') walked[kind].set(name, value['commit']);
    else if (kind === 'acknowledged') walked.acknowledged.push(...(value['list'] as unknown[]));
    else if (kind === 'named' || kind === 'said') {
      const list = walked[kind].get(name) ?? [];
      walked[kind].set(name, list);
      list.push(...(value['list'] as unknown[]));
    }
  }
  for (const list of walked.named.values()) list.reverse();
  return walked as unknown as Omit<Walked, 'head'>;
}
