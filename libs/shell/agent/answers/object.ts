import { conceal, fitting } from '@fairlead/core/answers';
import { masked } from '@fairlead/core/diff';
import {
  FairleadError,
  keyText,
  mostAnswerBytes,
  type Json,
  type JsonObject,
  type KubeObject,
  type ObjectAnswer,
  type ObjectKey,
} from '@fairlead/core/model';
import { hiddenBecause, readObject, type Desk, type Subject } from './desk.ts';
import { growTree } from './tree.ts';
import { placesOf } from './within.ts';

/** The answer to a Query for one object, of the application or owned by it. Throws NotFound and OwnerPolicyForbids. */
export async function answerObject(desk: Desk, subject: Subject, key: ObjectKey): Promise<ObjectAnswer> {
  const text = keyText(key);
  const hidden = hiddenBecause(desk, key);
  if (hidden !== undefined)
    throw new FairleadError(hidden, {
      code: 'PermissionDenied',
      reason: 'OwnerPolicyForbids',
      subject: { object: text },
    });
  if (!subject.items.some((item) => item.text === text)) placesOf(await growTree(desk, subject), subject, key);
  const kind = await desk.ground.cluster.preferredKind(key.group, key.kind);
  const found = kind && (await readObject(desk, kind, { key, readers: subject.readers }));
  if (!found) return { object: text, notes: ['There is no such object in the cluster now.'] };
  const { live, notes } = shownWhole(found, mostAnswerBytes - 8192);
  return { object: text, live, notes };
}

/** An object without what is secret in it. */
export function withoutSecrets(object: JsonObject): Json {
  const isSecret = object['kind'] === 'Secret' && object['apiVersion'] === 'v1';
  return conceal(isSecret ? masked(object, []) : object);
}

/** An object as people read it: without secrets and managedFields; only its names where it is too long. */
export function shownWhole(object: KubeObject, bytes: number): { live: Record<string, unknown>; notes: string[] } {
  const { managedFields: _, ...metadata } = object.metadata;
  const live = withoutSecrets({ ...object, metadata }) as Record<string, unknown>;
  if (fitting([live], bytes).length === 1) return { live, notes: [] };
  const { name, namespace, uid } = object.metadata;
  return {
    live: { apiVersion: object.apiVersion, kind: object.kind, metadata: { name, namespace, uid } },
    notes: ['The object is too long to be shown; ask for it in the cluster.'],
  };
}
