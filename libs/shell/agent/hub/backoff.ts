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
