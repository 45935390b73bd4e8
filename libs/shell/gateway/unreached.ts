import type { ClusterName } from '@fairlead/core/model';
import { forEach } from './each.ts';
import { statusBell, unlessNewer, writeContact } from './row.ts';
import type { GatewayPorts } from './ports.ts';

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
  const waiting = rows.filter((row) => row.session > 0 && !row.connected && row.unansweredSinceMs === undefined);
  await forEach(waiting, (row) => {
    const changes = [statusBell(row.cluster)];
    return writeContact(store, row, { contact: { unansweredSinceMs: nowMs }, changes }).catch(unlessNewer);
  });
}
