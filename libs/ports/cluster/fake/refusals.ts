import { FairleadError, keyText, type KubeObject, type ObjectKey } from '@fairlead/core/model';
import { apiError, type ApiFailure } from '../failure.ts';
import type { ResourceKind } from '../port.ts';
import type { FakeKind } from './kinds.ts';
import type { FakeCall } from './server.ts';
import type { State } from './state.ts';

/** A write of one object. */
export interface Write {
  readonly verb: string;
  readonly kind: FakeKind;
  readonly key: ObjectKey;
}

type Names = Pick<ObjectKey, 'namespace' | 'name'>;

/** The key of an object of this kind. */
export function keyIn(kind: ResourceKind, { namespace, name }: Names): ObjectKey {
  return { group: kind.group, kind: kind.kind, namespace: kind.namespaced ? namespace : '', name };
}

/** The kind that an object says it is of. */
export function kindOf(state: State, object: { apiVersion: string; kind: string }): FakeKind | undefined {
  return state
    .kinds()
    .find(({ group, version, kind }) => kind === object.kind && apiVersionOf({ group, version }) === object.apiVersion);
}

function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The kind as the server has it; throws where the server does not serve it. */
export function served(state: State, verb: string, { kind, key }: { kind: ResourceKind; key: Names }): FakeKind {
  const found = kindOf(state, { apiVersion: apiVersionOf(kind), kind: kind.kind });
  if (found) return found;
  throw kindUnknown(verb, { key: keyIn(kind, key), apiVersion: apiVersionOf(kind) });
}

/** The error for a kind that the server does not serve. */
export function kindUnknown(verb: string, { key, apiVersion }: { key: ObjectKey; apiVersion: string }): FairleadError {
  const object = keyText(key);
  return new FairleadError(
    `Cannot ${verb} ${object}: the API server does not serve ${apiVersion} ${key.kind}; install its CustomResourceDefinition or correct the apiVersion`,
    { code: 'NotFound', reason: 'KindUnknown', retry: 'backoff', subject: { object } },
  );
}

/** The error for an object that lacks a part of its address. */
export function incomplete(what: Write, field: string): FairleadError {
  const object = keyText(what.key);
  return new FairleadError(`Cannot ${what.verb} ${object}: ${field} is not set; set it`, {
    code: 'InvalidInput',
    reason: 'InvalidManifest',
    subject: { object, field },
  });
}

/** The error for a refusal of the server. */
export function refuse(what: Write, failure: Omit<ApiFailure, 'causes'> & Partial<ApiFailure>): FairleadError {
  return apiError({ verb: what.verb, object: what.key }, { causes: [], ...failure });
}

/** `configmaps "a"`, as the server names things. */
export function quoted({ kind, key }: Write): string {
  return `${kind.resource}${kind.group === '' ? '' : `.${kind.group}`} "${key.name}"`;
}

/** The failure of a write that was decided on an older version. */
export function outdated(what: Write): ApiFailure {
  const message = `Operation cannot be fulfilled on ${quoted(what)}: the object has been modified`;
  return { status: 409, reason: 'Conflict', message, causes: [] };
}

const apiVerbs: Partial<Record<FakeCall['verb'], string>> = { apply: 'patch', replace: 'update' };

/** The error for a call that the rights do not cover. */
export function forbidden({ verb, key, identity }: FakeCall): FairleadError {
  const user = identity.as === 'self' ? 'fairlead' : `system:serviceaccount:${identity.namespace}:${identity.name}`;
  const resource = `${key.kind.toLowerCase()}s`;
  const message = `${resource} "${key.name}" is forbidden: User "${user}" cannot ${apiVerbs[verb] ?? verb} resource "${resource}" in API group "${key.group}" in the namespace "${key.namespace}"`;
  return apiError({ verb, object: key }, { status: 403, reason: 'Forbidden', message, causes: [] });
}

/** Names of an object, for its key. */
export function namesOf({ metadata }: KubeObject): Names {
  return { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
}
