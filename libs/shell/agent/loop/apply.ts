import { otherOwnerOf } from '@fairlead/core/apply';
import { ignoredPointers, settleIgnored } from '@fairlead/core/diff';
import { FairleadError, trackingKey, type ApplicationId, type KubeObject } from '@fairlead/core/model';
import { apiFailureOf, type Applied, type Identity, type ResourceKind } from '@fairlead/ports/cluster';
import type { Namespaces } from '../namespaces.ts';
import type { Urgency } from '../pace.ts';
import { applyFirst, taken } from './adopt.ts';
import { accountOf, look, type Assignment, type Ground } from './ground.ts';
import type { Item } from './item.ts';
import { isNamespace, manifestOf, trackingFor } from './manifest.ts';

/** One apply of one object. */
export interface ApplyWork {
  readonly application: ApplicationId;
  readonly assignment: Assignment;
  readonly item: Item;
  readonly urgency: Urgency;
  readonly namespaces: Pick<Namespaces, 'ensure'>;
  /** Only asks what would come of it. */
  readonly dryRun?: boolean;
}

/** What came of an apply. */
export interface ItemApplied extends Applied {
  /** It is only to be created, and was there: nothing was sent. */
  readonly left?: true;
}

/**
 * Sends an object by server-side apply, as the application's service account. Throws what the API server refuses, and
 * ObjectTaken where the object is another's.
 */
export async function applyItem(ground: Ground, work: ApplyWork): Promise<ItemApplied> {
  const { application, assignment, item } = work;
  const kind = item.kind;
  const wanted = item.wanted;
  if (!kind || !wanted) throw new TypeError(`${item.text} is not wanted, or of no known kind`);
  const { index } = assignment;
  const account = accountOf(index.serviceAccount, ground, application);
  const onlyCreated = wanted.apply === 'CreateOnly';
  const there = onlyCreated ? await look(ground, kind, { key: item.key, account }) : undefined;
  if (there) return { object: there, created: false, left: true };
  const manifest = manifestOf(await ground.state.text(wanted.digest), { key: item.key, application });
  if (item.key.namespace !== '' && item.key.namespace === index.namespace && !work.dryRun)
    await work.namespaces.ensure(item.key.namespace);
  const { fieldManager } = trackingFor(item.key, application);
  const once = async (force: boolean): Promise<Applied> => {
    // Anew for each call: who owns an ignored field may have changed by the one before.
    const settled = await settle(manifest, { ground, work, kind, account });
    const options = { identity: account, fieldManager, force, dryRun: work.dryRun ?? false };
    return ground.pace.run(work.urgency, () => ground.cluster.apply(settled, options));
  };
  // Whoever made it between the look and the apply keeps the fields.
  const override = index.sync.conflicts === 'Override' && !onlyCreated;
  const send = (): Promise<Applied> => (isNamespace(item.key) ? sendShared(once, { override, item }) : once(override));
  if (work.dryRun || onlyCreated || item.entry?.manifest !== undefined) return send();
  return applyFirst(ground, { item, kind, account, fieldManager, send });
}

/** What ignored fields, and an object that exists already, make of a manifest; a look at it only where that matters. */
async function settle(
  manifest: KubeObject,
  by: { ground: Ground; work: ApplyWork; kind: ResourceKind; account: Identity },
): Promise<KubeObject> {
  const { item, application, assignment } = by.work;
  const { index } = assignment;
  const pointers = ignoredPointers(manifest, index.ignore);
  const isNew = item.entry?.uid === undefined;
  const tracking = trackingFor(item.key, application);
  const mayRefuse = index.sync.adopt === 'Refuse' && isNew && !isNamespace(item.key);
  if (pointers.length === 0 && !mayRefuse) return manifest;
  const live = await look(by.ground, by.kind, { key: item.key, account: by.account });
  const ours = live?.metadata.labels?.[trackingKey] === tracking.label;
  if (live && mayRefuse && !ours) throw taken(item, { application, owner: otherOwnerOf(live) });
  return settleIgnored(manifest, { live, pointers, ours: tracking.fieldManager });
}

/** Applications share a Namespace: fields of other hands are taken over as the application says, those of its like never. */
async function sendShared(
  send: (force: boolean) => Promise<Applied>,
  by: { override: boolean; item: Item },
): Promise<Applied> {
  try {
    return await send(false);
  } catch (error) {
    const conflicts = apiFailureOf(error)?.causes.filter(({ manager }) => manager !== undefined) ?? [];
    const sharer = conflicts.find(({ manager }) => manager?.startsWith('fairlead:'));
    if (sharer) {
      throw new FairleadError(
        `Cannot apply ${by.item.text}: another application sets ${sharer.field} to another value; let one of them set it`,
        {
          code: 'Conflict',
          reason: 'ObjectTaken',
          subject: { object: by.item.text, field: sharer.field },
          retry: 'backoff',
          cause: error,
        },
      );
    }
    if (conflicts.length === 0 || !by.override) throw error;
    return send(true);
  }
}
