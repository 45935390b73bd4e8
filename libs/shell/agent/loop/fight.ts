import type { Fight } from './item.ts';

/** So many corrections in so short a time are a fight; each further round waits twice as long, up to the bound. */
const bounds = {
  corrections: 3,
  withinMs: 60_000,
  firstPauseMs: 10_000,
  mostPauseMs: 600_000,
  peaceAfterMs: 1_200_000,
};

/** Counts a correction. When it is one too many, the next has to wait. */
export function afterCorrection(fight: Fight, nowMs: number): Fight {
  const last = fight.correctedAtMs.at(-1) ?? Number.NEGATIVE_INFINITY;
  const pauses = nowMs - last > bounds.peaceAfterMs ? 0 : fight.pauses;
  const recent = [...fight.correctedAtMs.filter((atMs) => nowMs - atMs < bounds.withinMs), nowMs];
  if (recent.length < bounds.corrections && pauses === 0) return { correctedAtMs: recent, pauses: 0, pausedUntilMs: 0 };
  const pauseMs = Math.min(bounds.mostPauseMs, bounds.firstPauseMs * 2 ** Math.min(pauses, 20));
  return { correctedAtMs: recent, pauses: pauses + 1, pausedUntilMs: nowMs + pauseMs };
}

/** True while another hand undoes our corrections, and some time after. */
export function isFighting(fight: Fight, nowMs: number): boolean {
  return (
    fight.pauses > 0 &&
    nowMs - (fight.correctedAtMs.at(-1) ?? 0) <
      Math.max(bounds.withinMs, 2 * (fight.pausedUntilMs - (fight.correctedAtMs.at(-1) ?? 0)))
  );
}
