import type { FairleadError } from '@fairlead/core/model';

/** Bounds of a growing pause, in milliseconds. */
export interface BackoffBounds {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * A pause before the next of several tries, with full jitter: anything from 0 to the bound, which doubles each time.
 * Ten thousand agents that lost their hub at once come back spread (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function fullJitterMs(tries: number, options: BackoffBounds & { random: () => number }): number {
  const bound = Math.min(options.mostMs, options.firstMs * 2 ** Math.min(Math.max(tries - 1, 0), 30));
  return Math.floor(options.random() * bound);
}

/**
 * While no word of the hub is heard: dialling in vain costs either end next to nothing, because a hub bounds its
 * handshakes before they begin, so that an agent is back within seconds however long the hub was away.
 */
const unheard = { firstMs: 500, mostMs: 8_000 };
/** After a refusal, which costs the hub a handshake and seldom passes by itself. */
const refused = { firstMs: 500, mostMs: 60_000 };

/**
 * How long to wait before the next stream, after so many tries and the failure of the last one; undefined: it stood and
 * ended. Where the hub named a time, that is meant, spread from half of it to one and a half.
 */
export function untilNextStreamMs(
  tries: number,
  { failure, random }: { readonly failure: FairleadError | undefined; readonly random: () => number },
): number {
  if (typeof failure?.retry === 'object') return Math.floor(failure.retry.afterMs * (0.5 + random()));
  const bounds = failure === undefined || failure.code === 'Unavailable' ? unheard : refused;
  return fullJitterMs(tries, { ...bounds, random });
}
