import { assessHealth } from '@fairlead/core/health';
import { FairleadError, type Digest, type KubeObject } from '@fairlead/core/model';
import { decideRecreate } from '@fairlead/core/prune';
import { lookAt, type Desk } from './desk.ts';
import { accountOf, type Assignment } from './ground.ts';
import type { Item } from './item.ts';
import { sightOf } from './leave.ts';

/** How many objects were deleted to be made anew under one bundle: they spend the owner's budget. */
export class Renewals {
  #bundle: Digest | undefined;
  #count = 0;

  /** So many under this bundle. */
  under(bundle: Digest): number {
    return bundle === this.#bundle ? this.#count : 0;
  }

  note(bundle: Digest): void {
    this.#count = this.under(bundle) + 1;
    this.#bundle = bundle;
  }
}

/**
 * Deletes an object that is to be made anew, under the precondition of its UID; finalizers hold it as they would for anybody.
 * `Going`: it is on its way out, and its watch tells when it is gone. Throws what forbids it.
 */
export async function letGo(
  desk: Desk,
  item: Item,
  by: { assignment: Assignment; renewals: Renewals },
): Promise<{ is: 'Gone' } | { is: 'Going'; because: string }> {
  const { application, ground } = desk;
  const { entry, index } = by.assignment;
  const kind = item.kind;
  const live = await lookAt(desk, item, { metadataOnly: true });
  if (!kind || !live) return { is: 'Gone' };
  if (live.metadata.deletionTimestamp !== undefined) return going(live);
  const decision = decideRecreate({
    key: item.key,
    entry: item.entry,
    live: sightOf(live, { item, application }),
    adopt: index.sync.adopt,
    acknowledged: entry.acknowledged,
    budget: budgetOf(desk, by.renewals.under(entry.bundle)),
  });
  if (!decision.may) {
    throw new FairleadError(`Cannot make ${item.text} anew: ${decision.why}`, {
      code: 'FailedPrecondition',
      reason: decision.reason,
      subject: { object: item.text, application },
      retry: 'never',
    });
  }
  const { uid } = decision;
  const identity = accountOf(index.serviceAccount, ground, application);
  await ground.pace.run('bulk', () =>
    ground.cluster.delete(kind, item.key, { identity, uid, propagation: 'Background' }),
  );
  by.renewals.note(entry.bundle);
  ground.log.info('object.renewed', { application, object: item.text });
  const left = await lookAt(desk, item, { metadataOnly: true });
  return left?.metadata.uid === uid ? going(left) : { is: 'Gone' };
}

function going(object: KubeObject): { is: 'Going'; because: string } {
  return { is: 'Going', because: assessHealth(object).message };
}

function budgetOf({ ground, inventory }: Desk, spent: number) {
  const total = [...inventory.entries()].filter(({ uid }) => uid !== undefined).length;
  return { limit: ground.policy().pruneBudget, total, spent };
}
