import { keyOf, type KubeObject, type ObjectKey } from '@fairlead/core/model';
import type { ApiFailure } from '../failure.ts';
import type { ClusterApi, Identity } from '../port.ts';
import { immutableChange } from './immutable.ts';
import type { FakeKind } from './kinds.ts';
import { applyTo, updateTo, type Writer } from './managers.ts';
import { jsonPatch, mergePatch } from './patches.ts';
import {
  incomplete,
  keyIn,
  kindOf,
  kindUnknown,
  namesOf,
  outdated,
  quoted,
  refuse,
  served,
  type Write,
} from './refusals.ts';
import type { Server } from './server.ts';
import type { State } from './state.ts';
import { copy } from './values.ts';

/** Owns the fields of what is created or replaced whole, as in the adapter. */
const fieldManager = 'fairlead';

/** The writing half of the port. */
export function writingOf(server: Server): Pick<ClusterApi, 'apply' | 'create' | 'replace' | 'patch' | 'delete'> {
  const { state } = server;
  return {
    async apply(object, { identity, fieldManager: manager, force, dryRun = false }) {
      const what = await enterWrite(server, 'apply', { object, identity, dryRun });
      const live = state.get(what.key);
      const { status, ...rest } = object;
      const applied = what.kind.status && status !== undefined ? (rest as KubeObject) : object;
      const { resourceVersion } = object.metadata;
      if (resourceVersion !== undefined && resourceVersion !== live?.metadata.resourceVersion)
        throw refuse(what, outdated(what));
      const result = applyTo(live, copy(applied), { writer: { manager, time: server.time() }, force });
      return { object: store(server, what, { live, result, dryRun }), created: live === undefined };
    },
    async create(object, { identity }) {
      const what = await enterWrite(server, 'create', { object, identity, dryRun: false });
      if (state.get(what.key)) {
        throw refuse(what, { status: 409, reason: 'AlreadyExists', message: `${quoted(what)} already exists` });
      }
      const result = updateTo(undefined, copy(object), { manager: fieldManager, time: server.time() });
      return store(server, what, { live: undefined, result, dryRun: false });
    },
    async replace(object, { identity }) {
      const what = await enterWrite(server, 'replace', { object, identity, dryRun: false });
      return modify(server, what, {
        change: (live) => ({ ...copy(object), ...statusOf(what.kind, live) }),
        manager: fieldManager,
      });
    },
    async patch(kind, key, { body, options }) {
      const { identity, dryRun = false, subresource } = options;
      const what: Write = { verb: 'patch', kind: served(state, 'patch', { kind, key }), key: keyIn(kind, key) };
      await server.enter({ verb: 'patch', key: what.key, identity, dryRun });
      const change = (live: KubeObject): KubeObject | ApiFailure => {
        const patched =
          options.type === 'merge' ? { value: mergePatch(copy(live), body) } : jsonPatch(live, body as never);
        return 'value' in patched
          ? onlyOf(what.kind, { live, after: patched.value as KubeObject, subresource })
          : patched;
      };
      return modify(server, what, { change, manager: options.fieldManager, dryRun, subresource });
    },
    async delete(kind, key, { identity, uid, resourceVersion, dryRun = false }) {
      const what: Write = { verb: 'delete', kind: served(state, 'delete', { kind, key }), key: keyIn(kind, key) };
      await server.enter({ verb: 'delete', key: what.key, identity, dryRun });
      const live = state.get(what.key);
      if (!live) return;
      const { metadata } = live;
      if (
        (uid ?? metadata.uid) !== metadata.uid ||
        (resourceVersion ?? metadata.resourceVersion) !== metadata.resourceVersion
      ) {
        throw refuse(what, outdated(what));
      }
      if (!dryRun) state.remove(live);
    },
  };
}

interface Change {
  readonly change: (live: KubeObject) => KubeObject | ApiFailure;
  readonly manager: string;
  readonly dryRun?: boolean;
  readonly subresource?: string | undefined;
}

function modify(server: Server, what: Write, { change, manager, dryRun = false, subresource }: Change): KubeObject {
  const live = server.state.get(what.key);
  if (!live) throw refuse(what, { status: 404, reason: 'NotFound', message: `${quoted(what)} not found` });
  const changed = change(live);
  if ('causes' in changed) throw refuse(what, changed as ApiFailure);
  const { resourceVersion, uid } = changed.metadata;
  if (
    (resourceVersion ?? live.metadata.resourceVersion) !== live.metadata.resourceVersion ||
    (uid ?? live.metadata.uid) !== live.metadata.uid
  ) {
    throw refuse(what, outdated(what));
  }
  const { managedFields = live.metadata.managedFields } = changed.metadata;
  const metadata = {
    ...inherited(live),
    ...changed.metadata,
    ...(managedFields ? { managedFields } : {}),
  };
  const writer: Writer = { manager, time: server.time(), ...(subresource === undefined ? {} : { subresource }) };
  return store(server, what, {
    live,
    result: updateTo(live, { ...changed, metadata }, writer),
    dryRun,
  });
}

/** What the server keeps whatever a write says. */
function inherited({ metadata }: KubeObject): Partial<KubeObject['metadata']> {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = metadata;
  const all = { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function store(
  server: Server,
  what: Write,
  { live, result, dryRun }: { live: KubeObject | undefined; result: KubeObject | ApiFailure; dryRun: boolean },
): KubeObject {
  if ('causes' in result) throw refuse(what, result as ApiFailure);
  const fixed = live && immutableChange(live, result);
  if (fixed) throw refuse(what, fixed);
  const admitted = server.options.admit?.(result) ?? result;
  return copy(dryRun ? admitted : server.state.commit(what.kind, live, admitted));
}

async function enterWrite(
  server: Server,
  verb: 'apply' | 'create' | 'replace',
  { object, identity, dryRun }: { object: KubeObject; identity: Identity; dryRun: boolean },
): Promise<Write> {
  const { state } = server;
  const kind = kindOf(state, object);
  if (!kind) throw kindUnknown(verb, { key: keyOf(object), apiVersion: object.apiVersion });
  const what: Write = { verb, kind, key: keyIn(kind, namesOf(object)) };
  for (const field of ['name', ...(kind.namespaced ? ['namespace'] : [])] as const) {
    if (!what.key[field as 'name' | 'namespace']) throw incomplete(what, `metadata.${field}`);
  }
  await server.enter({ verb, key: what.key, identity, dryRun });
  const namespace = { group: '', kind: 'Namespace', namespace: '', name: what.key.namespace };
  if (kind.namespaced && verb !== 'replace' && !state.get(what.key)) assertNamespace(state, what, namespace);
  if (!/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/.test(what.key.name)) {
    const cause = {
      reason: 'FieldValueInvalid',
      field: 'metadata.name',
      message: 'Invalid value: not a DNS-1123 subdomain',
    };
    throw refuse(what, {
      status: 422,
      reason: 'Invalid',
      message: `${quoted(what)} is invalid: metadata.name: ${cause.message}`,
      causes: [cause],
    });
  }
  return what;
}

function assertNamespace(state: State, what: Write, key: ObjectKey): void {
  const namespace = state.get(key);
  if (!namespace)
    throw refuse(what, { status: 404, reason: 'NotFound', message: `namespaces "${key.name}" not found` });
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const cause = {
    reason: 'NamespaceTerminating',
    field: 'metadata.namespace',
    message: `namespace ${key.name} is being terminated`,
  };
  throw refuse(what, {
    status: 403,
    reason: 'Forbidden',
    message: `${quoted(what)} is forbidden: ${cause.message}`,
    causes: [cause],
  });
}

/** A plain write leaves the status alone where it is a subresource, and a write to the subresource everything else. */
function onlyOf(
  kind: FakeKind,
  { live, after, subresource }: { live: KubeObject; after: KubeObject; subresource: string | undefined },
): KubeObject {
  if (subresource === undefined) return { ...after, ...statusOf(kind, live) };
  return {
    ...live,
    metadata: { ...live.metadata, resourceVersion: after.metadata.resourceVersion ?? '' },
    status: after['status'],
  };
}

function statusOf(kind: FakeKind, live: KubeObject): { status?: unknown } {
  return kind.status && live['status'] !== undefined ? { status: live['status'] } : {};
}
