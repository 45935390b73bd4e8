import { decideObject, planStages } from '@fairlead/core/apply';
import { forEachLimited } from '../limited.ts';
import type { Assignment, Ground } from './ground.ts';
import { isApplied, isSettled, type Item } from './item.ts';
import type { Keeper } from './keeper.ts';
import { waitOf } from './retry.ts';

/** What one pass over the objects of a bundle works with. */
export interface PassWork {
  readonly ground: Ground;
  readonly keeper: Keeper;
  readonly items: readonly Item[];
  readonly assignment: Assignment;
  readonly signal: AbortSignal;
  /** Later stages wait for this one; said in the moment in which it is found out, so that no event falls in between. */
  readonly waitsFor: (stage: number) => void;
  /** Another pass is due after so long: of all that wait, none is forgotten. */
  readonly again: (afterMs: number) => void;
}

const atATime = 64;

/** Applies the stages of a bundle in order, as far as their health lets it. True if every object of every stage was applied. */
export async function applyStages(work: PassWork): Promise<boolean> {
  const { assignment, signal } = work;
  const wanted = work.items.flatMap((item) => (item.wanted ? [{ key: item.key, stage: item.wanted.stage, item }] : []));
  const stages = planStages(wanted);
  for (const [index, { stage, groups }] of stages.entries()) {
    for (const group of groups) {
      await forEachLimited(group.items, atATime, async ({ item }) => {
        if (!signal.aborted) await advance(item, work);
      });
      if (signal.aborted) return false;
      if (group.until === 'Established' && group.items.some(({ item }) => isEstablishing(item))) {
        work.waitsFor(stage);
        return false;
      }
    }
    const settled = groups.every(({ items }) => items.every(({ item }) => isSettled(item, assignment.entry.bundle)));
    if (index + 1 < stages.length && !settled) {
      work.waitsFor(stage);
      return false;
    }
  }
  return wanted.every(({ item }) => isApplied(item));
}

/** A definition that is applied and not served yet; one that never will be is not waited for. */
function isEstablishing(item: Item): boolean {
  return item.key.kind === 'CustomResourceDefinition' && isApplied(item) && item.health.status === 'Progressing';
}

async function advance(item: Item, { ground, keeper, assignment, again }: PassWork): Promise<void> {
  // A pass that looked past it would end as if it were not applied, and nothing would begin another.
  await keeper.idle(item);
  const { wanted } = item;
  if (!wanted || !item.kind || !item.entry) return;
  const waitMs = waitOf(item, ground.clock.now());
  if (waitMs > 0) return again(waitMs);
  const decision = decideObject({
    manifest: wanted.digest,
    bundle: assignment.entry.bundle,
    last: item.untried ? undefined : item.entry,
    live: item.live,
    drift: assignment.index.sync.drift,
    orders: wanted,
  });
  switch (decision.do) {
    case 'Skip':
      item.problem = undefined;
      return keeper.carryEnd(item);
    case 'Settle':
      return keeper.settle(item);
    case 'Look':
      return keeper.inspect(item);
    case 'Report':
      return item.reported === '' ? keeper.inspect(item) : undefined;
    case 'Apply':
      return decision.reason === 'Drifted' || decision.reason === 'ObjectMissing'
        ? keeper.inspect(item)
        : keeper.apply(item);
    case 'Renew':
      return keeper.renew(item);
    case 'Wait':
      return keeper.wait(item, decision.reason);
  }
}
