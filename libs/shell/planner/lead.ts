import { randomUUID } from 'node:crypto';
import { FairleadError } from '@fairlead/core/model';
import type { Store } from '@fairlead/ports/store';

/** Leads from now on, whoever led before. For the one planner of a store; the fence stops the one of yesterday. */
export async function takeLead(store: Store): Promise<number> {
  // A lease of no time keeps nobody waiting: a hub that was killed is followed at once.
  const fence = await store.lead({ holder: randomUUID(), ttlMs: 0 });
  if (fence !== undefined) return fence;
  throw new FairleadError('Cannot lead: another planner holds the lease. It is asked for again.', {
    code: 'Unavailable',
    reason: 'Superseded',
    retry: 'backoff',
  });
}
