import { FairleadError, type ClusterName } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { Caller } from '@fairlead/ports/transport';

/** How many streams a caller may begin at once, and after how long it may begin one more. */
export interface ArrivalBounds {
  readonly streams: number;
  readonly streamEveryMs: number;
}

interface Arrival {
  /** When the caller will have its whole share again. */
  readonly calmAtMs: number;
  /** What its last stream was refused with, if it was. */
  refusal?: FairleadError;
}

/** With more callers than this, and twice as many as after the last time, those that are calm are forgotten. */
const firstSweepAt = 1_000;

/**
 * Holds each caller to its share of beginnings, which cost a handshake, a look at the ledger and several writes. Two
 * agents under one identity would otherwise put each other out as fast as the machine can. Each key has a share of its
 * own: whoever holds an old one of a cluster takes nothing from the cluster itself. It had to be certified once, so that
 * nobody makes up more of them.
 */
export class Arrivals {
  readonly #clock: Clock;
  readonly #bounds: ArrivalBounds;
  readonly #arrivals = new Map<string, Arrival>();
  #sweepAt = firstSweepAt;

  constructor(clock: Clock, bounds: ArrivalBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /**
   * Counts one more. With nothing left of its share, a caller that was refused the last time hears the same again, and
   * any other Unavailable (RateLimited) with the time after which to come back.
   */
  admit(caller: Caller): void {
    const { streams, streamEveryMs } = this.#bounds;
    const nowMs = this.#clock.now();
    const before = this.#arrivals.get(idOf(caller));
    const calmAtMs = Math.max(nowMs, before?.calmAtMs ?? 0) + streamEveryMs;
    const afterMs = calmAtMs - nowMs - streams * streamEveryMs;
    if (afterMs > 0) throw before?.refusal ?? tooOften(caller.cluster, { streams, afterMs });
    this.#arrivals.set(idOf(caller), { calmAtMs });
    if (this.#arrivals.size > this.#sweepAt) this.#sweep(nowMs);
  }

  /** The caller was admitted, and turned out to have no business here. */
  refused(caller: Caller, refusal: FairleadError): void {
    const arrival = this.#arrivals.get(idOf(caller));
    if (arrival) arrival.refusal = refusal;
  }

  #sweep(nowMs: number): void {
    for (const [id, { calmAtMs }] of this.#arrivals) if (calmAtMs <= nowMs) this.#arrivals.delete(id);
    this.#sweepAt = Math.max(firstSweepAt, 2 * this.#arrivals.size);
  }
}

function idOf({ cluster, key }: Caller): string {
  return `${cluster} ${key}`;
}

function tooOften(cluster: ClusterName, { streams, afterMs }: { streams: number; afterMs: number }): FairleadError {
  return new FairleadError(
    `Cannot take another stream of ${cluster}: it began ${streams} in short time. If two agents run under this identity, ` +
      `each puts the other out: stop one of them, or enrol it under a name of its own: fairlead cluster join NAME`,
    { code: 'Unavailable', reason: 'RateLimited', retry: { afterMs }, subject: { cluster } },
  );
}
