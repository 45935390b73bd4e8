import { judgeDuration } from '../duration.ts';
import type { GateKind } from '../verdict.ts';

/**
 * `soak: 5m`: how long all clusters that count in the predecessors have run this release's bundle in sync and healthy.
 * Where a release changes nothing for a cluster, the time before it counts.
 */
export const soak: GateKind<'predecessors' | 'quorum'> = {
  kind: 'soak',
  uses: ['predecessors', 'quorum'],
  judge: (gate, evidence) => judgeDuration('soak', { text: (gate as { soak: string }).soak, evidence }),
};
