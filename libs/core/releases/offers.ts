import type { ReleaseRef } from './candidate.ts';
import { keyOfRelease } from './candidate.ts';

/** A release that an environment names, or that last ended its soak there. */
export interface Offered {
  readonly release: ReleaseRef;
  /** Rises with the time at which it was promoted there. */
  readonly order: number;
}

/** One environment named by `after`. */
export interface Predecessor {
  readonly environment: string;
  /** What its ledger file names now; undefined for nothing, or while its rollout is halted. */
  readonly current?: Offered;
  /** What last ended its soak there. */
  readonly kept?: Offered;
}

/**
 * The releases that may be looked at for an environment, newest first. `all` wants the same release from each
 * predecessor, `any` from one.
 */
export function offersFrom(predecessors: readonly Predecessor[], quorum: 'all' | 'any'): readonly Offered[] {
  const found = new Map<string, { offered: Offered; by: Set<string> }>();
  for (const { environment, current, kept } of predecessors) {
    for (const offered of [current, kept]) {
      if (offered === undefined) continue;
      const key = keyOfRelease(offered.release);
      const known = found.get(key);
      const newer = known === undefined || offered.order > known.offered.order;
      found.set(key, { offered: newer ? offered : known.offered, by: (known?.by ?? new Set()).add(environment) });
    }
  }
  const needed = quorum === 'all' ? predecessors.length : 1;
  const enough = [...found.values()].filter(({ by }) => by.size >= needed);
  return enough.map(({ offered }) => offered).sort((a, b) => b.order - a.order);
}
