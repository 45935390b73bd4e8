import { failureOf } from './judge.ts';
import { because, give, waitFor, type Run } from './run.ts';

/**
 * A return to a release that completed its rollout here: no waves and no soaks, unhealthy clusters first, then the
 * others, within maxUnavailable. Silent ones are given it too, so that they come back to it. True when it is over.
 */
export function walkReturn(run: Run): boolean {
  const bound = run.views.filter((view) => view.of.held === undefined);
  const ahead = bound.filter((view) => !view.onGoal && view.of.goal.kind !== 'Unknown' && view.of.wave !== undefined);
  for (const view of [...ahead].sort((a, b) => Number(a.inService) - Number(b.inService))) {
    if (view.unseen) waitFor(run, view, because('NotSeenYet', 'The cluster has not spoken since the store was lost.'));
    else give(run, view, undefined);
  }
  const heard = bound.filter((view) => !view.silent && view.of.wave !== undefined);
  for (const view of heard) if (view.onGoal) failureOf(view, { run, badSinceMs: undefined });
  return heard.length > 0 && heard.every((view) => view.onGoal && view.healthy);
}
