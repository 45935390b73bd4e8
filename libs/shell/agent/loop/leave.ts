import { rankOf } from '@fairlead/core/apply';
import { assessHealth } from '@fairlead/core/health';
import {
  asFairleadError,
  FairleadError,
  keyText,
  trackingKey,
  type ApplicationId,
  type CommitSha,
  type KubeObject,
  type ObjectKey,
  type Reason,
  type Sync,
} from '@fairlead/core/model';
import {
  decidePrune,
  isOurs,
  type PruneBudget,
  type PruneDecision,
  type PruneInput,
  type PruneNote,
  type Sight,
} from '@fairlead/core/prune';
import type { Identity, ResourceKind } from '@fairlead/ports/cluster';
import { forEachLimited } from '../limited.ts';
import { ownerRefusalOf } from '../policy.ts';
import { accountOf, look, type Ground } from './ground.ts';
import type { Item } from './item.ts';
import { isNamespace, trackingFor } from './manifest.ts';

/** What leaves, and under which conditions. */
export interface LeaveTerms {
  readonly application: ApplicationId;
  readonly serviceAccount: string;
  readonly items: readonly Item[];
  readonly wanted: PruneInput['wanted'];
  readonly sync: Pick<Sync, 'prune' | 'adopt'>;
  readonly acknowledged: Readonly<Record<string, CommitSha>>;
  readonly passFailed: boolean;
  /** So many objects were deleted under this bundle to be made anew: the owner's budget is for both. */
  readonly renewed: number;
  readonly handedTo: ReadonlyMap<string, ApplicationId>;
  readonly shared: ReadonlySet<string>;
}

/** What leaves, and how it goes. */
export interface LeaveWork extends LeaveTerms {
  /** Resolves when the item is gone, or when it makes no sense to wait any longer. */
  readonly gone: (item: Item) => Promise<void>;
  readonly forget: (key: ObjectKey) => void;
  readonly handOver: (key: ObjectKey, to: ApplicationId) => void;
  /** Tells those who share a Namespace that it was made here: the last one deletes it. */
  readonly bequeath: (text: string) => void;
  readonly signal: AbortSignal;
}

/** What is left after it. */
export interface LeaveResult {
  readonly held: readonly PruneNote[];
  readonly deleted: number;
}

/** Without an acknowledgement at most this many, or half of an application, go in one pass. */
const defaultBudget = { count: 20, share: 0.5 };
const parallel = 32;

/** Looks at what leaves, decides, and deletes, releases, hands over or forgets. Deletions go in reverse order, batch by batch. */
export async function leave(ground: Ground, work: LeaveWork): Promise<LeaveResult> {
  const looked = await lookAndDecide(ground, work);
  const failures = await carryOut(ground, { work, ...looked });
  return { held: [...looked.decision.held, ...failures], deleted: looked.decision.delete.length };
}

/** Looks at what leaves and decides what is to become of it; nothing is done. */
export async function lookAndDecide(ground: Ground, work: LeaveTerms): Promise<Omit<CarryOut, 'work'>> {
  const account = accountOf(work.serviceAccount, ground, work.application);
  const leaving = work.items.filter(
    (item) => item.entry && (work.wanted === 'Withdrawn' || !work.wanted.keys.has(item.text)),
  );
  const live = work.passFailed
    ? new Map<string, KubeObject | 'Absent'>()
    : await lookAtAll(ground, { leaving, account });
  const decision = decidePrune({
    inventory: work.items.flatMap(({ entry }) => (entry ? [entry] : [])),
    wanted: work.wanted,
    rankOf,
    live: new Map(
      work.items.flatMap((item) => {
        const object = live.get(item.text);
        return object === undefined ? [] : [[item.text, sightOf(object, { item, application: work.application })]];
      }),
    ),
    sync: work.sync,
    acknowledged: work.acknowledged,
    budgets: budgetsOf(ground, work),
    passFailed: work.passFailed,
    handedTo: work.handedTo,
    shared: work.shared,
  });
  return { decision: withinPolicy(ground, decision), live, account };
}

/** What the owner of the cluster forbids to write is not deleted and not released either: it stays, and is named. */
function withinPolicy(ground: Ground, decision: PruneDecision): PruneDecision {
  const permits = { policy: ground.policy(), namespace: ground.namespace };
  const refused = (key: ObjectKey) => ownerRefusalOf(key, keyText(key), permits);
  const notes = [...decision.delete, ...decision.release].flatMap(({ key }) => {
    const refusal = refused(key);
    return refusal ? [{ key, ...refusal }] : [];
  });
  return {
    ...decision,
    delete: decision.delete.filter(({ key }) => !refused(key)),
    release: decision.release.filter(({ key }) => !refused(key)),
    held: [...decision.held, ...notes],
  };
}

async function lookAtAll(
  ground: Ground,
  by: { leaving: readonly Item[]; account: Identity },
): Promise<Map<string, KubeObject | 'Absent'>> {
  const found = new Map<string, KubeObject | 'Absent'>();
  await forEachLimited(by.leaving, parallel, async (item) => {
    const object = await lookAtOne(ground, { item, account: by.account });
    found.set(item.text, object ?? 'Absent');
  });
  return found;
}

/** Undefined for what does not exist: a kind that is no longer served has no objects. */
async function lookAtOne(
  ground: Ground,
  { item, account }: { item: Item; account: Identity },
): Promise<KubeObject | undefined> {
  const { key } = item;
  // A Namespace says in its status what keeps it from going.
  const how = { key, account, metadataOnly: !isNamespace(key) };
  item.kind ??= await ground.cluster.preferredKind(key.group, key.kind);
  try {
    return item.kind && (await look(ground, item.kind, how));
  } catch (error) {
    if (!(error instanceof FairleadError) || error.reason !== 'KindUnknown') throw error;
    // Its definition went, or another version is served now.
    ground.cluster.forgetKinds();
    item.kind = await ground.cluster.preferredKind(key.group, key.kind);
    return item.kind && (await look(ground, item.kind, how));
  }
}

/** What is known of an object that may have to go: whose it is, and whether it is on its way out already. */
export function sightOf(
  object: KubeObject | 'Absent',
  { item, application }: { item: Item; application: ApplicationId },
): Sight {
  if (object === 'Absent') return { is: 'Absent' };
  const tracking = trackingFor(item.key, application);
  const { uid = '', resourceVersion = '', deletionTimestamp } = object.metadata;
  const ours = isOurs(object, { manager: tracking.fieldManager, label: { key: trackingKey, value: tracking.label } });
  const sight = { is: 'Present', uid, resourceVersion, ours } as const;
  if (deletionTimestamp === undefined) return { ...sight, terminating: false };
  return { ...sight, terminating: true, because: `${item.text}: ${assessHealth(object).message}` };
}

function budgetsOf(ground: Ground, work: LeaveTerms): PruneBudget[] {
  const total = work.items.filter(({ entry }) => entry?.uid !== undefined).length;
  const owners = ground.policy().pruneBudget;
  return [
    { limit: Math.max(defaultBudget.count, Math.floor(total * defaultBudget.share)), by: 'Default' },
    ...(owners === undefined ? [] : [{ limit: owners, by: 'Owner', spent: work.renewed } as const]),
  ];
}

interface CarryOut {
  readonly work: LeaveWork;
  readonly decision: PruneDecision;
  readonly live: ReadonlyMap<string, KubeObject | 'Absent'>;
  readonly account: Identity;
}

async function carryOut(ground: Ground, { work, decision, live, account }: CarryOut): Promise<PruneNote[]> {
  const failures: PruneNote[] = [];
  const byText = new Map(work.items.map((item) => [item.text, item]));
  const attempt = async (key: ObjectKey, act: (item: Item, kind: ResourceKind) => Promise<void>): Promise<void> => {
    const item = byText.get(keyText(key));
    if (!item?.kind || item.busy) return;
    try {
      await act(item, item.kind);
    } catch (thrown) {
      const { reason, message } = asFairleadError(thrown);
      failures.push({ key, reason, message });
      ground.log.warn('prune.failed', { application: work.application, object: item.text, reason, error: message });
    }
  };
  for (const { key, to } of decision.handOver) work.handOver(key, to);
  for (const { key, reason } of decision.forget) {
    ground.log.info('prune.forgotten', { application: work.application, object: keyText(key), reason });
    work.forget(key);
  }
  await forEachLimited(decision.release, parallel, ({ key }) =>
    attempt(key, async (item, kind) => {
      const object = live.get(item.text);
      if (object !== undefined && object !== 'Absent') await release(ground, { item, kind, object, account, work });
      work.forget(key);
    }),
  );
  for (const batch of Map.groupBy(decision.delete, (one) => one.batch).values()) {
    if (work.signal.aborted) break;
    await forEachLimited(batch, parallel, ({ key, uid }) =>
      attempt(key, async (item, kind) => {
        // Waited for from before the call: the watch may tell of it sooner than the answer.
        const gone = work.gone(item);
        await ground.pace.run('bulk', () =>
          ground.cluster.delete(kind, key, { identity: account, uid, propagation: 'Background' }),
        );
        ground.log.info('prune.deleted', { application: work.application, object: item.text });
        await gone;
      }),
    );
  }
  return failures;
}

interface Release {
  readonly item: Item;
  readonly kind: ResourceKind;
  readonly object: KubeObject;
  readonly account: Identity;
  readonly work: LeaveWork;
}

/**
 * Takes our names off an object and leaves the rest. Never an empty apply, which would take our fields off with them; but
 * on a Namespace that others share, that is what is wanted.
 */
async function release(ground: Ground, { item, kind, object, account, work }: Release): Promise<void> {
  const { fieldManager } = trackingFor(item.key, work.application);
  if (isNamespace(item.key) && work.shared.has(item.text)) {
    const empty: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: item.key.name } };
    await ground.pace.run('bulk', () => ground.cluster.apply(empty, { identity: account, fieldManager, force: false }));
    if (item.entry?.origin === 'Created') work.bequeath(item.text);
    return;
  }
  const body = releasePatch(object, fieldManager);
  await ground.pace.run('bulk', () =>
    ground.cluster.patch(kind, item.key, {
      body,
      options: { identity: account, type: 'json', fieldManager: 'fairlead-release' },
    }),
  );
}

/** One patch, conditioned on UID and resourceVersion. */
function releasePatch(object: KubeObject, manager: string): object[] {
  const { metadata } = object;
  const { uid, resourceVersion, managedFields = [] } = metadata;
  const escaped = trackingKey.replaceAll('~', '~0').replaceAll('/', '~1');
  const ours = managedFields.findIndex(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource,
  );
  const strip =
    managedFields.length > 1
      ? { op: 'remove', path: `/metadata/managedFields/${ours}` }
      : { op: 'replace', path: '/metadata/managedFields', value: [{}] };
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    ...(metadata.labels?.[trackingKey] === undefined ? [] : [{ op: 'remove', path: `/metadata/labels/${escaped}` }]),
    ...(metadata.annotations?.[trackingKey] === undefined
      ? []
      : [{ op: 'remove', path: `/metadata/annotations/${escaped}` }]),
    // The server strips managedFields only for a list of one empty entry; an empty list would leave them.
    ...(ours < 0 ? [] : [strip]),
  ];
}

/** The first reason why something stays, for the status. */
export function worstNote(held: readonly PruneNote[]): { reason: Reason; message: string } | undefined {
  const telling = held.filter(({ reason }) => reason !== 'PruneOff' && reason !== 'PruneWaits');
  return telling[0];
}
