import { durationMs, type Connection, type Fleet } from '@fairlead/core/model';
import type { ClusterRow } from '@fairlead/ports/store';

/** When a cluster counts as silent or lost, in milliseconds. */
export interface Silence {
  readonly silentAfterMs: number;
  readonly answerWithinMs: number;
  readonly lostAfterMs: number;
}

/** The settings of the Fleet document, or its defaults while it cannot be read. */
export function silenceOf(fleet: Fleet | undefined): Silence {
  const { silentAfter = '5m', answerWithin = '30s', lostAfter = '24h' } = fleet?.spec.silence ?? {};
  return {
    silentAfterMs: durationMs(silentAfter) ?? 300_000,
    answerWithinMs: durationMs(answerWithin) ?? 30_000,
    lostAfterMs: durationMs(lostAfter) ?? 86_400_000,
  };
}

/** Whether the hub hears a cluster, by what the gateways wrote and the hub's own clock. */
export function connectionOf(
  row: ClusterRow | undefined,
  at: { readonly nowMs: number; readonly silence: Silence },
): Connection {
  if (row?.lastHeardAtMs === undefined) return 'Never';
  if (at.nowMs - row.lastHeardAtMs >= at.silence.lostAfterMs) return 'Lost';
  return at.nowMs >= (silentAtMs(row, at.silence) ?? 0) ? 'Silent' : 'Connected';
}

/** When a cluster will count as silent if nothing more is heard; undefined for one that was never heard. */
export function silentAtMs(row: ClusterRow, silence: Silence): number | undefined {
  if (row.lastHeardAtMs === undefined) return undefined;
  const quietMs = row.lastHeardAtMs + silence.silentAfterMs;
  return row.unansweredSinceMs === undefined
    ? quietMs
    : Math.min(quietMs, row.unansweredSinceMs + silence.answerWithinMs);
}
