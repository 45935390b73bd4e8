import type { KubeObject, ManagedFieldsEntry } from '@fairlead/core/model';
import type { Origin } from './inventory.ts';

/** What an intent is settled by. */
export interface IntentOptions {
  /** Our field manager on objects of this kind. */
  readonly manager: string;
  /** The tracking label that we put on them. */
  readonly label: { readonly key: string; readonly value: string };
}

/** What an intent without UID turned out to be. */
export type Settled =
  | { readonly is: 'Ours'; readonly uid: string; readonly origin: Origin }
  /** It exists, and nothing on it is from us: the intent is dropped and reported. */
  | { readonly is: 'NotOurs'; readonly uid: string }
  /** It does not exist: the intent is dropped, and the object is new. */
  | { readonly is: 'Absent' };

/** True if our field manager and our tracking label are on the object. */
export function isOurs(object: KubeObject, options: IntentOptions): boolean {
  return (
    object.metadata.labels?.[options.label.key] === options.label.value &&
    ourEntry(object, options.manager) !== undefined
  );
}

/**
 * Settles an intent whose apply may or may not have reached the server, by the object as a GET gives it. The answer that
 * said 201 or 200 is lost; what is left of it are times: created if our managedFields entry is at most a second younger than the
 * object, and no other entry is older than ours; in doubt adopted, which is never deleted.
 */
export function settleIntent(live: KubeObject | undefined, options: IntentOptions): Settled {
  if (live === undefined) return { is: 'Absent' };
  const uid = live.metadata.uid ?? '';
  if (uid === '' || !isOurs(live, options)) return { is: 'NotOurs', uid };
  return { is: 'Ours', uid, origin: wasCreated(live, options.manager) ? 'Created' : 'Adopted' };
}

const creationSlackMs = 1000;

function wasCreated(object: KubeObject, manager: string): boolean {
  const ours = ourEntry(object, manager);
  const appliedMs = timeOf(ours);
  const createdMs = Date.parse(object.metadata.creationTimestamp ?? '');
  // A comparison with an unknown time is false, so whatever is missing makes it adopted.
  if (!(appliedMs - createdMs <= creationSlackMs)) return false;
  const others = (object.metadata.managedFields ?? []).filter((entry) => entry !== ours);
  return others.every((entry) => timeOf(entry) > appliedMs || (timeOf(entry) === appliedMs && !isMakers(entry)));
}

/**
 * True if an entry may be that of whoever made the object. The server's times are of whole seconds, so one as old as ours may be
 * either: a controller that was quick writes to a subresource or to metadata alone, and a maker rarely does.
 */
function isMakers(entry: ManagedFieldsEntry): boolean {
  return !entry.subresource && Object.keys(entry.fieldsV1 ?? {}).some((field) => field !== 'f:metadata');
}

function ourEntry(object: KubeObject, manager: string): ManagedFieldsEntry | undefined {
  const entries = object.metadata.managedFields ?? [];
  return entries.find((entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource);
}

function timeOf(entry: ManagedFieldsEntry | undefined): number {
  return Date.parse(entry?.time ?? '');
}
