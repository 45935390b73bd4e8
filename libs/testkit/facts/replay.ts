import { isDeepStrictEqual } from 'node:util';
import { applyPatch, createPatch, type Operation } from 'rfc6902';
import { until, type ApiFailure, type ControlPlane, type LiveObject } from '@fairlead/testkit/kube';
import type { Case, CaseFile, Hand } from './caseFile.ts';

/** What an API server made of a file's cases: its answer to our apply, and for each case what others then changed in it. */
export interface Replayed {
  readonly applied: LiveObject;
  readonly lives: readonly LiveObject[];
}

const ours = 'fairlead';
const appliedAt = '2026-11-02T10:00:00Z';
const handsFromMinute = 5;
/** Of the default range 30000 to 32767 an API server leaves the first 86 ports to those who ask for one, and gives out the others. */
const firstGivenNodePort = 30_086;

/**
 * Does on a real API server what a file of cases tells: applies its manifest anew for each case, lets the other hands write,
 * and reads the object. What differs from run to run (identity, time, addresses) is replaced by what the files have there.
 */
export async function replay(plane: ControlPlane, file: CaseFile): Promise<Replayed> {
  for (const object of file.before ?? []) await lay(plane, object);
  const { awaits = '' } = file;
  if (awaits !== '')
    await until(async () => says(await apply(plane, file.manifest, { by: ours, dryRun: true }), awaits), {
      what: awaits,
    });
  const lives: LiveObject[] = [];
  let applied: LiveObject;
  for (const one of file.cases) {
    await remove(plane, file.manifest);
    const answer = await apply(plane, file.manifest, { by: ours });
    applied = settled(answer, []);
    lives.push(await liveAfter(plane, { answer, hands: one.hands ?? [] }));
  }
  await remove(plane, file.manifest);
  for (const object of (file.before ?? []).toReversed()) await remove(plane, object);
  return { applied, lives };
}

/** What is recorded of a case: the way from the answer to the object as it was found. */
export function changeOf(applied: LiveObject, live: LiveObject): Operation[] {
  return createPatch(applied, live);
}

/** The object that a recorded case tells of. */
export function toldBy(file: Pick<CaseFile, 'applied'>, { change }: Pick<Case, 'change'>): LiveObject {
  const live = structuredClone(file.applied);
  applyPatch(live, [...change]);
  return live;
}

async function liveAfter(
  plane: ControlPlane,
  { answer, hands }: { answer: LiveObject; hands: readonly Hand[] },
): Promise<LiveObject> {
  const known = [entryKeys(answer)];
  for (const hand of hands) {
    await act(plane, answer, hand);
    known.push(entryKeys(await plane.api.get(await pathOf(plane, answer))));
  }
  const live = await plane.api.get(await pathOf(plane, answer));
  return settled({ ...live, apiVersion: answer.apiVersion, kind: answer.kind }, known);
}

async function act(plane: ControlPlane, object: LiveObject, hand: Hand): Promise<void> {
  if (hand.lay) {
    await lay(plane, hand.lay);
    await until(async () => says(await plane.api.get(await pathOf(plane, object)), hand.awaits ?? ''), {
      what: hand.awaits ?? '',
    });
    return;
  }
  const through = hand.through === undefined ? object : { ...object, apiVersion: hand.through };
  const path = `${await pathOf(plane, through)}${hand.at === undefined ? '' : `/${hand.at}`}`;
  if (hand.condition !== undefined) {
    await until(async () => hasCondition(await plane.api.get(path), hand.condition ?? ''), { what: hand.condition });
    return;
  }
  const [contentType, body] = hand.json
    ? ['application/json-patch+json', hand.json]
    : hand.merge
      ? ['application/merge-patch+json', hand.merge]
      : ['application/apply-patch+yaml', hand.apply];
  const force = hand.apply ? '&force=true' : '';
  await plane.api.request('PATCH', `${path}?fieldManager=${hand.by ?? ''}${force}`, { contentType, body });
}

async function lay(plane: ControlPlane, object: LiveObject): Promise<void> {
  const { kind, metadata } = await apply(plane, object, { by: 'administrator' });
  if (kind !== 'CustomResourceDefinition') return;
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${metadata.name}`;
  await until(async () => hasCondition(await plane.api.get(path), 'Established'), { what: `${metadata.name}` });
}

/** A kind that was defined a moment ago may not be served yet. */
async function apply(
  plane: ControlPlane,
  object: LiveObject,
  { by, dryRun = false }: { by: string; dryRun?: boolean },
): Promise<LiveObject> {
  return until(
    async () => {
      const path = `${await pathOf(plane, object)}?fieldManager=${by}&force=true${dryRun ? '&dryRun=All' : ''}`;
      return plane.api.request('PATCH', path, { contentType: 'application/apply-patch+yaml', body: object });
    },
    { what: `the API server to take ${object.kind} ${object.metadata.name}`, timeoutMs: 10_000 },
  );
}

async function remove(plane: ControlPlane, object: LiveObject): Promise<void> {
  const path = await pathOf(plane, object).catch(() => undefined);
  if (path === undefined) return;
  const absent = (error: ApiFailure): undefined => {
    if (error.status === 404) return undefined;
    throw error;
  };
  const found = await plane.api.get(path).catch(absent);
  if (!found) return;
  if (found.metadata.finalizers && object.kind !== 'CustomResourceDefinition')
    await plane.api.merge(path, { metadata: { finalizers: null } });
  await plane.api.delete(path).catch(absent);
  if (object.kind === 'Namespace') await finalize(plane, object.metadata.name);
  await until(async () => (await plane.api.get(path).catch(absent)) === undefined, { what: `${path} to be gone` });
}

/** Without a controller manager nobody else lets a Namespace go. */
async function finalize(plane: ControlPlane, name: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: { finalizers: [] } };
  await plane.api.request('PUT', `/api/v1/namespaces/${name}/finalize`, { body }).catch((error: ApiFailure) => {
    if (error.status !== 404) throw error;
  });
}

async function pathOf(plane: ControlPlane, { apiVersion, kind, metadata }: LiveObject): Promise<string> {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = await plane.api.get(base);
  const found = resources.find((one: LiveObject) => one.kind === kind && !one.name.includes('/'));
  if (!found) throw new Error(`${kind} of ${apiVersion} is not served`);
  const namespace = found.namespaced ? `/namespaces/${metadata.namespace}` : '';
  return `${base}${namespace}/${found.name}/${metadata.name}`;
}

function says(object: LiveObject, text: string): boolean {
  return JSON.stringify(object).includes(text);
}

function hasCondition(object: LiveObject, type: string): boolean {
  return (object.status?.conditions ?? []).some((one: LiveObject) => one.type === type && one.status === 'True');
}

function entryKeys(object: LiveObject): ReadonlySet<string> {
  return new Set((object.metadata.managedFields ?? []).map(entryKey));
}

function entryKey({ manager, operation, apiVersion, subresource = '' }: LiveObject): string {
  return `${manager} ${operation} ${apiVersion} ${subresource}`;
}

/** The object with the same words each time where a server would say others. `known`: the entries after each hand. */
function settled(object: LiveObject, known: readonly ReadonlySet<string>[]): LiveObject {
  const { uid: _, resourceVersion: __, creationTimestamp: ___, managedFields = [], ...metadata } = object.metadata;
  const timeOf = (entry: LiveObject): string => {
    const hand = known.findIndex((keys) => keys.has(entryKey(entry)));
    return hand <= 0
      ? appliedAt
      : appliedAt.replace(':00:', `:${String(handsFromMinute + hand - 1).padStart(2, '0')}:`);
  };
  const entries = managedFields
    .map((entry: LiveObject) => ({ ...entry, time: timeOf(entry), fieldsType: undefined }))
    .sort((a: LiveObject, b: LiveObject) => (orderOf(a) < orderOf(b) ? -1 : 1));
  return JSON.parse(JSON.stringify({ ...object, metadata: { ...metadata, managedFields: entries } }), revived);
}

/** As the server orders them: applies first, then by time, then by name. */
function orderOf({ operation, time, manager }: LiveObject): string {
  return `${operation === 'Apply' ? 0 : 1} ${time} ${manager}`;
}

function revived(this: unknown, key: string, value: unknown): unknown {
  if (key === 'clusterIP' && value !== 'None') return '10.0.0.7';
  if (key === 'clusterIPs' && !isDeepStrictEqual(value, ['None'])) return ['10.0.0.7'];
  if (key.endsWith('controller-uid')) return '00000000-0000-0000-0000-000000000000';
  if (key === 'nodePort' && typeof value === 'number' && value >= firstGivenNodePort) return 30_007;
  if (key === 'lastTransitionTime' || key === 'lastUpdateTime') return appliedAt;
  if (key === 'manager' && typeof value === 'string') return value.replace(/^(kube-apiserver)-v[\d.]+$/, '$1');
  return value;
}
