import type { InventoryEntry } from '@fairlead/core/prune';
import {
  differences,
  entryOf,
  ignoredPointers,
  isIgnored,
  lostFields,
  metadataText,
  otherManagers,
  reduceByEntry,
  reductionText,
  withoutIgnored,
  type Difference,
} from '@fairlead/core/diff';
import {
  printJson,
  trackingKey,
  type ApplicationId,
  type DriftItem,
  type Ignore,
  type KubeObject,
  type ManagedFieldsEntry,
  type ObjectKey,
} from '@fairlead/core/model';
import { fingerprint } from './manifest.ts';

/** Who looks at an object. */
export interface Viewer {
  readonly application: ApplicationId;
  readonly key: ObjectKey;
  /** Our field manager on it. */
  readonly manager: string;
  readonly ignore: readonly Ignore[];
}

/** What an API server's answer is remembered by. */
export interface Reference {
  readonly reduction: string;
  readonly metadata: string;
}

/** What to remember of an answer; undefined if nothing in it is ours. */
export function referenceOf(object: KubeObject, viewer: Viewer): Reference | undefined {
  const entry = entryOf(object, viewer.manager);
  if (!entry) return undefined;
  const reduced = withoutIgnored(reduceByEntry(object, entry), ignoredPointers(object, viewer.ignore));
  return {
    reduction: fingerprint(reductionText(reduced)),
    metadata: fingerprint(metadataText(object, viewer.manager)),
  };
}

/**
 * Holds what was seen against what is remembered. `Look`: its metadata alone cannot tell, so the whole object is to be
 * read, in the version that was applied.
 */
export function judge(
  seen: { object: KubeObject; whole: boolean },
  entry: InventoryEntry,
  viewer: Viewer,
): 'AsApplied' | 'Look' | 'Drifted' {
  const { object, whole } = seen;
  // Another object of this name: a look tells whose it is.
  if (object.metadata.uid !== entry.uid) return 'Look';
  const ours = entryOf(object, viewer.manager);
  if (!whole) return fingerprint(metadataText(object, viewer.manager)) === entry.metadata ? 'AsApplied' : 'Look';
  if (!ours) return 'Drifted';
  if (ours.apiVersion !== undefined && ours.apiVersion !== object.apiVersion) return 'Look';
  return referenceOf(object, viewer)?.reduction === entry.reduction ? 'AsApplied' : 'Drifted';
}

/** A drift before it is known how it ended. */
export type FoundDrift = Omit<DriftItem, 'outcome' | 'tookMs'>;

/** One object has at most so many differences reported. */
const mostPointers = 20;

/**
 * What another hand changed: `before` as it was found, `answer` as the API server gave it to our apply (or its dry run).
 * Empty where nothing that was applied differs, as after an upgrade of the server that brings new defaults.
 */
export function driftBetween(before: KubeObject, answer: KubeObject, viewer: Viewer): readonly FoundDrift[] {
  const ours = entryOf(answer, viewer.manager);
  if (!ours) return [];
  const kind = before.metadata.labels?.[trackingKey] === undefined ? 'Unlabelled' : 'Changed';
  const changed = changedFields(before, answer, { ours, viewer });
  if (changed.length > 0)
    return changed
      .slice(0, mostPointers)
      .map((difference) => ({ ...shown(difference), kind, ...byWhom(before, difference.pointer, viewer) }));
  const ignored = ignoredPointers(answer, viewer.ignore);
  const lost = lostFields(before, { before: ours, after: entryOf(before, viewer.manager) });
  return lost
    .filter((pointer) => !isIgnored(pointer, ignored))
    .slice(0, mostPointers)
    .map((pointer) => ({ wanted: '', found: '', pointer, kind: 'TakenOver', ...byWhom(before, pointer, viewer) }));
}

/** What there is to say of an object that is gone. */
export function driftOfAbsence(viewer: Viewer, seenAtMs: number): FoundDrift {
  return {
    application: viewer.application,
    key: viewer.key,
    kind: 'Deleted',
    pointer: '',
    wanted: '',
    found: '',
    atMs: seenAtMs,
  };
}

function changedFields(
  before: KubeObject,
  answer: KubeObject,
  by: { ours: ManagedFieldsEntry; viewer: Viewer },
): readonly Difference[] {
  const pointers = ignoredPointers(answer, by.viewer.ignore);
  const reduced = (object: KubeObject) =>
    withoutIgnored(reduceByEntry(object, { ...by.ours, apiVersion: object.apiVersion }), pointers);
  return differences(reduced(answer), reduced(before));
}

function shown({ pointer, wanted, found }: Difference): { pointer: string; wanted: string; found: string } {
  const text = (value: unknown): string => (value === undefined ? '' : printJson(value));
  return { pointer, wanted: text(wanted), found: text(found) };
}

function byWhom(
  object: KubeObject,
  pointer: string,
  viewer: Viewer,
): Pick<FoundDrift, 'application' | 'key' | 'manager' | 'operation' | 'atMs'> {
  const [owner] = otherManagers(object, pointer, { ours: viewer.manager });
  return {
    application: viewer.application,
    key: viewer.key,
    ...(owner === undefined ? {} : { manager: owner.manager, operation: owner.operation }),
    ...(owner?.atMs === undefined ? {} : { atMs: owner.atMs }),
  };
}
