import type { Clock } from '@fairlead/ports/clock';

/**
 * Holds one agent to its share: a bucket of `burst` messages that fills by `perSecond`. `take` resolves when the agent
 * may go on; meanwhile the transport reads nothing more from it, so that a flood waits in its own cluster. It is a flood
 * when as many messages in a row had to wait as may come at once.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  #level: number;
  #atMs: number;
  /** Messages in a row that had to wait. */
  #waited = 0;

  constructor(clock: Clock, { burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#level = burst;
    this.#atMs = clock.now();
  }

  get isFlooded(): boolean {
    return this.#waited >= this.#burst;
  }

  async take(cost: number): Promise<void> {
    const nowMs = this.#clock.now();
    this.#level = Math.min(this.#burst, this.#level + Math.max(0, nowMs - this.#atMs) * this.#perMs) - cost;
    this.#atMs = nowMs;
    this.#waited = this.#level >= 0 ? 0 : this.#waited + 1;
    if (this.#level >= 0) return;
    const waitMs = Math.ceil(-this.#level / this.#perMs);
    await new Promise<void>((resolve) => void this.#clock.after(waitMs, resolve));
  }
}
