import type { JsonObject } from '@fairlead/core/model';
import type { Change, Store } from '@fairlead/ports/store';
import { assemble, makers, prefix, type Pieces } from './pieces.ts';
import type { Walked } from './snapshot.ts';

/** The fact that is written with all others and says what they are of. */
const markKey = 'walk';

/** Form of what is kept; another one is not read, and the history is walked again. */
const form = 4;

interface Mark {
  readonly form: number;
  readonly branch: string;
  readonly head: string;
}

/** What an earlier run found in the history, if it kept it in this form. */
export async function loadWalk(store: Store, branch: string): Promise<Walked | undefined> {
  // In one read: who leads may be writing the next walk.
  const facts = await store.facts(markKey);
  const mark = facts.get(markKey) as unknown as Mark | undefined;
  if (mark?.form !== form || mark.branch !== branch) return undefined;
  return { head: mark.head as Walked['head'], ...assemble(facts) };
}

/**
 * The changes that keep a walk. Where the store still has `before`, only what grew since; else, also where a walk of
 * another history or form is there, whatever differs.
 */
export async function keepWalk(
  store: Store,
  { walked, before, branch }: { readonly walked: Walked; readonly before: Walked | undefined; readonly branch: string },
): Promise<Change[]> {
  const mark = (await store.fact(markKey)) as unknown as Mark | undefined;
  const isBefore = before && mark?.form === form && mark.branch === branch && mark.head === before.head;
  const changes = isBefore ? changesBetween(before, walked) : changesFrom(await store.facts(prefix), walked);
  const next: Mark = { form, branch, head: walked.head };
  return [...changes, { put: 'fact', key: markKey, value: { ...next } }];
}

function changesBetween(before: Walked, walked: Walked): Change[] {
  return [
    ...entryChanges({ before: before.definitions, after: walked.definitions, make: makers.definitions }),
    ...entryChanges({ before: before.selectors, after: walked.selectors, make: makers.selectors }),
    ...entryChanges({ before: before.removed, after: walked.removed, make: makers.removed }),
    ...entryChanges({ before: before.left, after: walked.left, make: makers.left }),
    ...entryChanges({ before: before.named, after: walked.named, make: makers.named }),
    ...entryChanges({ before: before.said, after: walked.said, make: makers.said }),
    ...pieceChanges(makers.acknowledged(before.acknowledged), makers.acknowledged(walked.acknowledged)),
  ];
}

interface Entries<Value> {
  readonly before: ReadonlyMap<string, Value>;
  readonly after: ReadonlyMap<string, Value>;
  readonly make: (key: string, value: Value) => Pieces;
}

function entryChanges<Value>({ before, after, make }: Entries<Value>): Change[] {
  if (before === after) return [];
  const piecesOf = (key: string, value: Value | undefined): Pieces => (value === undefined ? none : make(key, value));
  const grown = [...after].filter(([key, value]) => before.get(key) !== value);
  const gone = [...before].filter(([key]) => !after.has(key));
  return [
    ...grown.flatMap(([key, value]) => pieceChanges(piecesOf(key, before.get(key)), make(key, value))),
    ...gone.flatMap(([key, value]) => pieceChanges(make(key, value), none)),
  ];
}

const none: Pieces = new Map();

function pieceChanges(before: Pieces, after: Pieces): Change[] {
  const isSame = (key: string, parts: readonly unknown[]): boolean => {
    const old = before.get(key)?.parts;
    return old?.length === parts.length && parts.every((part, at) => part === old[at]);
  };
  const put = [...after].filter(([key, { parts }]) => !isSame(key, parts));
  const gone = [...before.keys()].filter((key) => !after.has(key));
  return [...drops(gone), ...put.map(([key, { value }]): Change => ({ put: 'fact', key, value }))];
}

function changesFrom(kept: ReadonlyMap<string, JsonObject>, walked: Walked): Change[] {
  const pieces = new Map(
    [
      ...[...walked.definitions].map(([key, value]) => makers.definitions(key, value)),
      ...[...walked.selectors].map(([key, value]) => makers.selectors(key, value)),
      ...[...walked.removed].map(([key, value]) => makers.removed(key, value)),
      ...[...walked.left].map(([key, value]) => makers.left(key, value)),
      ...[...walked.named].map(([key, value]) => makers.named(key, value)),
      ...[...walked.said].map(([key, value]) => makers.said(key, value)),
      makers.acknowledged(walked.acknowledged),
    ].flatMap((some) => [...some]),
  );
  const put = [...pieces].filter(([key, { value }]) => JSON.stringify(kept.get(key)) !== JSON.stringify(value));
  const gone = [...kept.keys()].filter((key) => !pieces.has(key));
  return [...drops(gone), ...put.map(([key, { value }]): Change => ({ put: 'fact', key, value }))];
}

function drops(keys: readonly string[]): Change[] {
  return keys.map((key) => ({ drop: 'fact', key }));
}
