import { FairleadError, keyOf, keyText, type KubeObject } from '@fairlead/core/model';
import { apiError, type ResourceKind } from '@fairlead/ports/cluster';
import { failureOf, isMissingObject, type HttpAnswer } from './answers.ts';
import { keyIn } from './paths.ts';

/** What a call was about. */
export interface Attempted {
  readonly verb: string;
  readonly kind: ResourceKind;
  readonly key: { readonly name?: string; readonly namespace?: string };
}

/** The error for an answer that is no success. A 404 that names no object means that the server has no such path. */
export function refusal({ verb, kind, key }: Attempted, answer: HttpAnswer): FairleadError {
  if (answer.status !== 404 || isMissingObject(answer)) {
    return apiError({ verb, object: keyIn(kind, key) }, failureOf(answer));
  }
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return kindUnknown(verb, { apiVersion, kind: kind.kind, metadata: key });
}

/** The error for a kind that the server does not serve. */
export function kindUnknown(verb: string, object: KubeObject): FairleadError {
  const subject = keyText(keyOf(object));
  return new FairleadError(
    `Cannot ${verb} ${subject}: the API server does not serve ${object.apiVersion} ${object.kind}; install its CustomResourceDefinition or correct the apiVersion`,
    { code: 'NotFound', reason: 'KindUnknown', retry: 'backoff', subject: { object: subject } },
  );
}

/** Throws for an object that cannot be addressed: without its names, the path would be that of a whole collection. */
export function assertAddressable(verb: string, kind: ResourceKind, object: KubeObject): void {
  const { name, namespace, generateName } = object.metadata as KubeObject['metadata'] & { generateName?: string };
  const named = Boolean(name) || (verb === 'create' && Boolean(generateName));
  if (!named) throw incomplete(verb, object, 'metadata.name');
  if (kind.namespaced && !namespace) throw incomplete(verb, object, 'metadata.namespace');
}

function incomplete(verb: string, object: KubeObject, field: string): FairleadError {
  const subject = keyText(keyOf(object));
  return new FairleadError(`Cannot ${verb} ${subject}: ${field} is not set; set it`, {
    code: 'InvalidInput',
    reason: 'InvalidManifest',
    subject: { object: subject, field },
  });
}
