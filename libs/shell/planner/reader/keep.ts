import type { CommitSha, JsonObject } from '@fairlead/core/model';
import type { Change, Store } from '@fairlead/ports/store';
import type { NamedRelease, Walked } from './snapshot.ts';

const walkKey = 'walk';
const namedPrefix = 'walk:named:';

/** Form of what is kept; another one is not read, and the history is walked again. */
const form = 1;

/** What an earlier run found in the history, if it kept it in this form. */
export async function loadWalk(store: Store, branch: string): Promise<Walked | undefined> {
  const kept = await store.fact(walkKey);
  if (kept?.form !== form || kept.branch !== branch || kept.head === undefined) return undefined;
  const lists = kept as unknown as { definitions: []; removed: []; left: []; acknowledged: Walked['acknowledged'] };
  const named = await store.facts(namedPrefix);
  return {
    head: kept.head,
    definitions: new Map(lists.definitions),
    removed: new Map(lists.removed),
    left: new Map(lists.left),
    acknowledged: lists.acknowledged,
    named: new Map(
      [...named].map(([key, value]) => [
        key.slice(namedPrefix.length),
        (value as unknown as { list: NamedRelease[] }).list,
      ]),
    ),
  };
}

/** The changes that keep a walk; ledger files whose history did not grow since `before` are left as they are. */
export function keepWalk(walked: Walked, { before, branch }: { before: Walked | undefined; branch: string }): Change[] {
  const grown = [...walked.named].filter(([key, list]) => before?.named.get(key) !== list);
  const value = {
    form,
    branch,
    head: walked.head,
    definitions: [...walked.definitions],
    removed: [...walked.removed],
    left: [...walked.left],
    acknowledged: walked.acknowledged,
  };
  return [
    ...grown.map(([key, list]): Change => ({
      put: 'fact',
      key: `${namedPrefix}${key}`,
      value: { list } as unknown as JsonObject,
    })),
    { put: 'fact', key: walkKey, value: value as unknown as JsonObject },
  ];
}
