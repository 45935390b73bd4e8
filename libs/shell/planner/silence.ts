import type { SilencePolicy } from '@fairlead/core/connection';
import { durationMs, type Fleet } from '@fairlead/core/model';

/** The settings of the Fleet document, or its defaults while it cannot be read. */
export function silenceOf(fleet: Fleet | undefined): SilencePolicy {
  const { silentAfter = '5m', answerWithin = '30s', lostAfter = '24h' } = fleet?.spec.silence ?? {};
  return {
    silentAfterMs: durationMs(silentAfter) ?? 300_000,
    answerWithinMs: durationMs(answerWithin) ?? 30_000,
    lostAfterMs: durationMs(lostAfter) ?? 86_400_000,
  };
}
