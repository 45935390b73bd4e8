import { durationMs, type Fleet } from '@fairlead/core/model';
import { defaultSilence, type SilencePolicy } from './connection.ts';

/** The settings of the Fleet document, or the defaults of its format while it cannot be read. */
export function silenceOf(fleet: Fleet | undefined): SilencePolicy {
  const { silentAfter, answerWithin, lostAfter } = fleet?.spec.silence ?? {};
  return {
    silentAfterMs: msOf(silentAfter) ?? defaultSilence.silentAfterMs,
    answerWithinMs: msOf(answerWithin) ?? defaultSilence.answerWithinMs,
    lostAfterMs: msOf(lostAfter) ?? defaultSilence.lostAfterMs,
  };
}

function msOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationMs(text);
}
