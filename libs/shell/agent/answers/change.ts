import { changesBetween, shortened, type Change } from '@fairlead/core/answers';
import {
  asFairleadError,
  printJson,
  redacted,
  type FieldChange,
  type Json,
  type KubeObject,
  type ObjectChange,
} from '@fairlead/core/model';
import { apiFailureOf, type ResourceKind } from '@fairlead/ports/cluster';
import { applyItem } from '../loop/apply.ts';
import { accountOf, type Assignment } from '../loop/ground.ts';
import { newItem, type Item } from '../loop/item.ts';
import { isNamespace, manifestOf } from '../loop/manifest.ts';
import type { ResolvedObject } from '../loop/resolve.ts';
import { self } from '../state/chunks.ts';
import { readObject, type Desk } from './desk.ts';
import { shownWhole, withoutSecrets } from './object.ts';

/** Bounds of what is told of one object; of one that was asked for alone, and of one among many. */
const bounds = { fields: 50, whole: 2048, among: 256, wholeBytes: 90_000, message: 1024 };

/** One object to try. */
export interface ChangeWork {
  readonly assignment: Assignment;
  readonly resolved: ResolvedObject;
  /** Everything that the bundle brings, resolved: it may come before this object. */
  readonly bundle: readonly ResolvedObject[];
  /** What the application has already, by the text of its key. */
  readonly known: ReadonlyMap<string, Readonly<Item>>;
  /** With the whole object as it is and as it would be. */
  readonly whole: boolean;
}

/** What an apply would do to one object of a bundle. What the API server or a policy refuses is part of the answer. */
export async function changeOf(desk: Desk, work: ChangeWork): Promise<ObjectChange> {
  const { resolved } = work;
  const { text, object, refusal, kind } = resolved;
  const told = { object: text, fields: [] };
  if (refusal) return refused(text, refusal);
  if (object.apply === 'Ignore') return { ...told, action: 'Unchanged', reason: 'Ignored' };
  if (object.run === 'once' && work.known.get(text)?.entry?.manifest === object.digest)
    return { ...told, action: 'Unchanged', reason: 'Applied', message: 'It runs once for each manifest, and has.' };
  try {
    if (!kind) return unknownKind(work);
    return await tried(desk, work, kind);
  } catch (thrown) {
    const error = asFairleadError(thrown);
    if (error.code === 'NotFound' && comesWithNamespace(work))
      return { ...told, action: 'Create', message: 'It was not tried: its namespace comes first.' };
    if (apiFailureOf(error)?.immutable && (object.apply === 'Recreate' || object.run === 'once'))
      return { ...told, action: 'Change', reason: 'Recreating', message: 'It would be deleted and made anew.' };
    return refused(text, error);
  }
}

async function tried(desk: Desk, work: ChangeWork, preferred: ResourceKind): Promise<ObjectChange> {
  const { ground } = desk;
  const { resolved, assignment, whole } = work;
  const { object, text } = resolved;
  const { application } = assignment.entry;
  const account = accountOf(assignment.index.serviceAccount, ground, application);
  const manifest = manifestOf(await ground.state.text(object.digest), { key: object.key, application });
  // Read as it is written: fields of another version have other names.
  const kind = (await ground.cluster.kindOf(manifest)) ?? preferred;
  const live = await readObject(desk, kind, { key: object.key, readers: [self, account] });
  const dryRun = await applyItem(ground, {
    application,
    assignment,
    item: itemOf(work, kind),
    urgency: 'bulk',
    namespaces: { ensure: () => Promise.resolve() },
    dryRun: true,
  });
  const shown = whole ? both(live, dryRun.object) : {};
  if (live === undefined) return { object: text, action: 'Create', fields: [], ...shown };
  const changes = changesBetween({ found: live, wanted: dryRun.object }, withoutSecrets);
  const action = changes.length > 0 ? 'Change' : 'Unchanged';
  const left = changes.length - bounds.fields;
  return {
    object: text,
    action,
    fields: changes.slice(0, bounds.fields).map((change) => fieldOf(change, whole ? bounds.whole : bounds.among)),
    ...(left > 0 ? { message: `${left} fields more would change.` } : {}),
    ...shown,
  };
}

/** What is known of the object already says whether it is new, and whose it is. */
function itemOf({ resolved: { object, text }, known }: ChangeWork, kind: ResourceKind): Item {
  return { ...newItem(object.key, text), kind, wanted: object, entry: known.get(text)?.entry };
}

function fieldOf({ path, wanted, found }: Change, most: number): FieldChange {
  const shown = (value: Json | undefined): string => (value === undefined ? '' : shortened(printJson(value), most));
  const pointer = path.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { pointer, wanted: shown(wanted), found: shown(found) };
}

function both(live: KubeObject | undefined, wanted: KubeObject): Pick<ObjectChange, 'live' | 'wanted'> {
  return {
    ...(live === undefined ? {} : { live: shownWhole(live, bounds.wholeBytes).live }),
    wanted: shownWhole(wanted, bounds.wholeBytes).live,
  };
}

function refused(object: string, { reason, message }: { reason: string; message: string }): ObjectChange {
  return { object, action: 'Refused', fields: [], reason, message: shortened(redacted(message), bounds.message) };
}

function unknownKind({ resolved: { text, comes } }: ChangeWork): ObjectChange {
  if (comes)
    return { object: text, action: 'Create', fields: [], message: 'It was not tried: its definition comes first.' };
  return refused(text, {
    reason: 'KindUnknown',
    message: `Cannot apply ${text}: the API server does not know its kind`,
  });
}

/** The namespace that does not exist yet is the bundle's own, or one that it brings. */
function comesWithNamespace({ resolved, bundle, assignment }: ChangeWork): boolean {
  const { namespace } = resolved.object.key;
  if (namespace === '') return false;
  return (
    namespace === assignment.index.namespace ||
    bundle.some(({ object: { key } }) => isNamespace(key) && key.name === namespace)
  );
}
