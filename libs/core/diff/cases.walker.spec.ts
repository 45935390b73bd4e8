import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { applyPatch, type Operation } from 'rfc6902';
import { describe, expect, it } from 'vitest';
import type { KubeObject, ManagedFieldsEntry } from '@fairlead/core/model';
import {
  differences,
  entryOf,
  entryShrank,
  lostFields,
  otherManagers,
  reduceByEntry,
  reductionText,
  withoutIgnored,
  type Difference,
} from './index.ts';

/**
 * Answers of a kube-apiserver 1.36 to an apply, and what later reads of the same object changed in them: recorded by
 * `node tools/kube/facts.ts`, and held against a server by the suite in libs/testkit/facts.
 */
interface CaseFile {
  readonly applied: KubeObject;
  readonly cases: readonly {
    readonly name: string;
    readonly change: readonly Operation[];
    /** Pointers that the application ignores. */
    readonly ignore?: readonly string[];
    /** The live object, reduced by the entry that it has now, equals the reference. */
    readonly same: boolean;
    readonly lost: readonly string[];
    readonly differences: readonly (Difference & { readonly by: readonly string[] })[];
  }[];
}

const root = new URL('cases/', import.meta.url);
const files = readdirSync(root).map(
  (name) => [name, load(readFileSync(new URL(name, root), 'utf8')) as CaseFile] as const,
);
const ours = 'fairlead';

describe.each(files)("a server's answers in %s", (_name, file) => {
  const reference = entryOf(file.applied, ours) as ManagedFieldsEntry;

  it.each(file.cases.map((one) => [one.name, one] as const))('%s', (_caseName, one) => {
    const live = structuredClone(file.applied);
    expect(applyPatch(live, [...one.change])).toEqual(one.change.map(() => null));

    const entry = entryOf(live, ours);
    const reduced = (object: KubeObject, by: ManagedFieldsEntry) =>
      withoutIgnored(reduceByEntry(object, by), one.ignore ?? []);
    const wanted = reduced(file.applied, reference);
    expect(entry !== undefined && reductionText(reduced(live, entry)) === reductionText(wanted)).toBe(one.same);
    expect(entryShrank(reference, entry)).toBe(one.lost.length > 0);
    expect(lostFields(live, { before: reference, after: entry })).toEqual(one.lost);

    const found = differences(wanted, reduced(live, reference));
    const named = found.map((difference) => ({
      ...difference,
      by: otherManagers(live, difference.pointer, { ours }).map((owner) =>
        [owner.manager, owner.operation, owner.subresource].filter(Boolean).join('/'),
      ),
    }));
    expect(named).toEqual(one.differences);
  });
});

it('every case has a name of its own', () => {
  const names = files.flatMap(([, { cases }]) => cases.map(({ name }) => name));
  expect(names).toEqual([...new Set(names)]);
});
