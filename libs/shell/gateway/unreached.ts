import type { ClusterName } from '@fairlead/core/model';
import { statusBell, unlessNewer, writeContact } from './row.ts';
import type { GatewayPorts } from './ports.ts';

/** How many rows are written at a time: the store takes them together, and does not hold them all. */
const writesAtOnce = 64;

/**
 * Something waits for clusters that have no stream here: those that no gateway holds have half a minute from now on to
 * come. Whoever says Hello meanwhile is left alone. Throws what the store throws.
 */
export async function noteUnreached(
  { store, clock }: Pick<GatewayPorts, 'store' | 'clock'>,
  clusters: readonly ClusterName[],
): Promise<void> {
  if (clusters.length === 0) return;
  const nowMs = clock.now();
  const rows = await store.clusters({ names: clusters });
  const left = rows.filter((row) => row.session > 0 && !row.connected && row.unansweredSinceMs === undefined).values();
  const work = async (): Promise<void> => {
    for (const row of left)
      await writeContact(store, row, {
        contact: { unansweredSinceMs: nowMs },
        changes: [statusBell(row.cluster)],
      }).catch(unlessNewer);
  };
  await Promise.all(Array.from({ length: writesAtOnce }, work));
}
