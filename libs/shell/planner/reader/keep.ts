import type { JsonObject } from '@fairlead/core/model';
import type { Change, Store } from '@fairlead/ports/store';
import type { NamedRelease, Walked } from './snapshot.ts';

const walkKey = 'walk';
const namedPrefix = 'walk:named:';

/** Form of what is kept; another one is not read, and the history is walked again. */
const form = 1;

/** A walk as the fact holds it: maps as lists of pairs. */
interface KeptWalk extends Pick<Walked, 'head' | 'acknowledged'> {
  readonly form: number;
  readonly branch: string;
  readonly definitions: Pairs<Walked['definitions']>;
  readonly removed: Pairs<Walked['removed']>;
  readonly left: Pairs<Walked['left']>;
}

type Pairs<Entries> = Entries extends ReadonlyMap<infer Key, infer Value> ? readonly (readonly [Key, Value])[] : never;

/** What an earlier run found in the history, if it kept it in this form. */
export async function loadWalk(store: Store, branch: string): Promise<Walked | undefined> {
  const kept = (await store.fact(walkKey)) as unknown as KeptWalk | undefined;
  if (kept?.form !== form || kept.branch !== branch) return undefined;
  const named = await store.facts(namedPrefix);
  return {
    head: kept.head,
    definitions: new Map(kept.definitions),
    removed: new Map(kept.removed),
    left: new Map(kept.left),
    acknowledged: kept.acknowledged,
    named: new Map(
      [...named].map(([key, value]) => [
        key.slice(namedPrefix.length),
        (value as unknown as { list: NamedRelease[] }).list,
      ]),
    ),
  };
}

/** Keys of the ledger files that an earlier walk named, of whatever history. */
export async function keptNames(store: Store): Promise<readonly string[]> {
  return [...(await store.facts(namedPrefix)).keys()].map((key) => key.slice(namedPrefix.length));
}

/**
 * The changes that keep a walk; ledger files whose history did not grow since `before` are left as they are. `stale` are
 * the keys of an earlier walk that did not lead to this one: what this history does not name is forgotten.
 */
export function keepWalk(
  walked: Walked,
  { before, stale, branch }: { before: Walked | undefined; stale: readonly string[]; branch: string },
): Change[] {
  const grown = [...walked.named].filter(([key, list]) => before?.named.get(key) !== list);
  const value: KeptWalk = {
    form,
    branch,
    head: walked.head,
    definitions: [...walked.definitions],
    removed: [...walked.removed],
    left: [...walked.left],
    acknowledged: walked.acknowledged,
  };
  const forgotten = stale.filter((key) => !walked.named.has(key));
  return [
    ...forgotten.map((key): Change => ({ drop: 'fact', key: `${namedPrefix}${key}` })),
    ...grown.map(([key, list]): Change => ({
      put: 'fact',
      key: `${namedPrefix}${key}`,
      value: { list } as unknown as JsonObject,
    })),
    { put: 'fact', key: walkKey, value: value as unknown as JsonObject },
  ];
}
