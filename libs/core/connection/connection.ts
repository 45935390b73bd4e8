import type { Connection } from '@fairlead/core/model';

/** What the hub has heard of a cluster; the columns of its row that count here. All times are by the hub's clock. */
export interface Heard {
  /** 0 before the first Hello. */
  readonly session: number;
  readonly lastHeardAtMs?: number;
  /** When something was sent, or waits to be sent, that has no answer yet; what was heard after that is one. */
  readonly unansweredSinceMs?: number;
}

/** When a cluster counts as silent and as lost. */
export interface SilencePolicy {
  /** No answer for so long to something that was sent. */
  readonly answerWithinMs: number;
  /** Nothing heard for so long. */
  readonly silentAfterMs: number;
  readonly lostAfterMs: number;
}

/** Half a minute, five minutes, a day. */
export const defaultSilence: SilencePolicy = {
  answerWithinMs: 30_000,
  silentAfterMs: 300_000,
  lostAfterMs: 86_400_000,
};

/** The word for a cluster's connection, and after how long it changes by itself if nothing is heard. */
export interface ConnectionNow {
  readonly connection: Connection;
  readonly recheckAfterMs?: number;
}

/** Whether the hub hears a cluster. A clock that went back never makes a cluster silent. */
export function connectionOf(
  heard: Heard | undefined,
  options: { readonly nowMs: number; readonly policy?: SilencePolicy },
): ConnectionNow {
  if (!heard || heard.session === 0 || heard.lastHeardAtMs === undefined) return { connection: 'Never' };
  const policy = options.policy ?? defaultSilence;
  const { lastHeardAtMs } = heard;
  const lostAtMs = lastHeardAtMs + policy.lostAfterMs;
  if (options.nowMs >= lostAtMs) return { connection: 'Lost' };
  const silentAtMs = Math.min(lastHeardAtMs + policy.silentAfterMs, waitsSinceMs(heard) + policy.answerWithinMs);
  if (options.nowMs >= silentAtMs) return { connection: 'Silent', recheckAfterMs: lostAtMs - options.nowMs };
  return { connection: 'Connected', recheckAfterMs: silentAtMs - options.nowMs };
}

/** A time in which nothing could be heard, because the store was away. */
export interface Gap {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What was heard, and what waits for an answer, as if the gap had not been: its length is held against nobody. */
export function withoutGap(heard: Heard, { fromMs, untilMs }: Gap): Heard {
  const later = (atMs: number): number => (atMs >= untilMs ? atMs : Math.min(atMs + untilMs - fromMs, untilMs));
  const { session, lastHeardAtMs, unansweredSinceMs } = heard;
  return {
    session,
    ...(lastHeardAtMs !== undefined && { lastHeardAtMs: later(lastHeardAtMs) }),
    ...(unansweredSinceMs !== undefined && { unansweredSinceMs: later(unansweredSinceMs) }),
  };
}

/** Another gateway may note that nothing answers when the cluster has long been heard by one. */
function waitsSinceMs({ lastHeardAtMs = 0, unansweredSinceMs = Infinity }: Heard): number {
  return unansweredSinceMs < lastHeardAtMs ? Infinity : unansweredSinceMs;
}
