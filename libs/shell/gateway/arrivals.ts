import { FairleadError, type ClusterName } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';

/** How many streams a cluster may begin at once, and after how long it may begin one more. */
export interface ArrivalBounds {
  readonly streams: number;
  readonly streamEveryMs: number;
}

/** With more clusters than this, and twice as many as after the last time, those that are calm are forgotten. */
const firstSweepAt = 1_000;

/**
 * Holds each cluster to its share of beginnings, which cost a handshake, a look at the ledger and several writes. Two
 * agents under one identity would otherwise put each other out as fast as the machine can.
 */
export class Arrivals {
  readonly #clock: Clock;
  readonly #bounds: ArrivalBounds;
  /** When the cluster will have its whole share again. */
  readonly #calmAtMs = new Map<ClusterName, number>();
  #sweepAt = firstSweepAt;

  constructor(clock: Clock, bounds: ArrivalBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Counts one more. Throws Unavailable (RateLimited) with the time after which to come back. */
  admit(cluster: ClusterName): void {
    const { streams, streamEveryMs } = this.#bounds;
    const nowMs = this.#clock.now();
    const calmAtMs = Math.max(nowMs, this.#calmAtMs.get(cluster) ?? 0) + streamEveryMs;
    const afterMs = calmAtMs - nowMs - streams * streamEveryMs;
    if (afterMs > 0) throw tooOften(cluster, { streams, afterMs });
    this.#calmAtMs.set(cluster, calmAtMs);
    if (this.#calmAtMs.size > this.#sweepAt) this.#sweep(nowMs);
  }

  #sweep(nowMs: number): void {
    for (const [cluster, calmAtMs] of this.#calmAtMs) if (calmAtMs <= nowMs) this.#calmAtMs.delete(cluster);
    this.#sweepAt = Math.max(firstSweepAt, 2 * this.#calmAtMs.size);
  }
}

function tooOften(cluster: ClusterName, { streams, afterMs }: { streams: number; afterMs: number }): FairleadError {
  return new FairleadError(
    `Cannot take another stream of ${cluster}: it began ${streams} in short time. If two agents run under this identity, ` +
      `each puts the other out: stop one of them, or enrol it under a name of its own: fairlead cluster join NAME`,
    { code: 'Unavailable', reason: 'RateLimited', retry: { afterMs }, subject: { cluster } },
  );
}
