import { canonicalJson } from '@fairlead/core/bundle';
import { FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';
import { leaderKey } from '@fairlead/shell/leader';

/** For how long the leader's sign of life may stay the same; it changes every twenty seconds. */
const silentAfterMs = 75_000;

/**
 * Tells when no planner has been heard for a while: the leader's sign of life in the store was the same at looks that
 * lie apart. The age is reckoned by the time that passed here, since clocks of machines may differ by a day.
 */
export function watchLeader({
  store,
  clock,
}: {
  store: Store;
  clock: Clock;
}): () => Promise<FairleadError | undefined> {
  let seen: { readonly sign: string; readonly atMs: number } | undefined;
  return async () => {
    const fact = await store.fact(leaderKey);
    const sign = fact === undefined ? '' : canonicalJson(fact);
    const nowMs = clock.now();
    if (seen?.sign !== sign) seen = { sign, atMs: nowMs };
    const ageMs = nowMs - seen.atMs;
    if (ageMs < silentAfterMs) return undefined;
    return new FairleadError(
      `No planner has given a sign of life for ${Math.round(ageMs / 1000)} s: what is shown may be old, and nothing new is decided. Start a planner, or look at its log.`,
      { code: 'Unavailable', reason: 'PlannerSilent', retry: 'backoff' },
    );
  };
}
