import { isClientSide, takeOver } from '@fairlead/core/apply';
import { FairleadError, type KubeObject } from '@fairlead/core/model';
import { apiFailureOf, type Applied, type Identity, type ResourceKind } from '@fairlead/ports/cluster';
import { look, type Ground } from './ground.ts';
import type { Item } from './item.ts';

/** How an object that was there before is taken over. */
export interface AdoptWork {
  readonly item: Item;
  readonly kind: ResourceKind;
  readonly account: Identity;
  readonly fieldManager: string;
  /** Sends the manifest. */
  readonly send: () => Promise<Applied>;
}

/**
 * The first apply of an object. What `kubectl apply` had set on one that was there before becomes ours first, so that what git no
 * longer names goes (as `kubectl apply --server-side` does it); that costs nothing for an object that is new.
 */
export async function applyFirst(ground: Ground, work: AdoptWork): Promise<Applied> {
  const answer = await sendOrTakeOver(ground, work);
  if (answer.created || !(await inherit(ground, { work, object: answer.object }))) return answer;
  return { ...(await work.send()), created: false };
}

/** Where conflicts are reported, values that kubectl's own applies left behind are none. */
async function sendOrTakeOver(ground: Ground, work: AdoptWork): Promise<Applied> {
  try {
    return await work.send();
  } catch (error) {
    const managers = apiFailureOf(error)?.causes.flatMap(({ manager }) => manager ?? []) ?? [];
    if (managers.length === 0 || !managers.every(isClientSide)) throw error;
    const object = await look(ground, work.kind, { key: work.item.key, account: work.account });
    if (!object || !(await inherit(ground, { work, object }))) throw error;
    return work.send();
  }
}

/** One patch of managedFields, conditioned on UID and resourceVersion; false where there is nothing to inherit. */
async function inherit(ground: Ground, by: { work: AdoptWork; object: KubeObject }): Promise<boolean> {
  const { item, kind, account, fieldManager } = by.work;
  const { uid, resourceVersion } = by.object.metadata;
  const fields = takeOver(by.object, fieldManager);
  if (!fields) return false;
  const body = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'replace', path: '/metadata/managedFields', value: fields },
  ];
  const options = { identity: account, type: 'json', fieldManager } as const;
  await ground.pace.run('bulk', () => ground.cluster.patch(kind, item.key, { body, options }));
  ground.log.info('object.inherited', { object: item.text, from: 'kubectl' });
  return true;
}

/** The refusal of an application that asks to take nothing over. */
export function taken(item: Item, by: { application: string; owner: string | undefined }): FairleadError {
  const whose = by.owner === undefined ? `is not of ${by.application}` : `is of ${by.owner}`;
  return new FairleadError(
    `Cannot apply ${item.text}: it exists already and ${whose}; delete it, or let the application adopt it (sync.adopt)`,
    {
      code: 'FailedPrecondition',
      reason: 'ObjectTaken',
      subject: { object: item.text, application: by.application },
      retry: 'backoff',
    },
  );
}
