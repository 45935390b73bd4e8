import { judgeDuration } from '../duration.ts';
import type { GateKind } from '../verdict.ts';

/**
 * `health: 0s`: all clusters that count in the predecessors run this release healthy, for at least the duration. The
 * same evidence as a soak under the name that people look for when they want no waiting time.
 */
export const health: GateKind<'predecessors' | 'quorum'> = {
  kind: 'health',
  uses: ['predecessors', 'quorum'],
  judge: (gate, evidence) => judgeDuration('health', { text: (gate as { health: string }).health, evidence }),
};
