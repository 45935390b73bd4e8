import type { ClusterName } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';

/** Bounds of what is begun at a time. */
export interface AdmissionLimits {
  /** Handshakes under way; each costs the hub about a millisecond of its processor. */
  readonly atATime: number;
  /** Requests that wait for one to end. */
  readonly waiting: number;
  /** A request that has waited longer is dropped: its agent has given up. */
  readonly patienceMs: number;
  /** Requests of one cluster at once, and each second from then on. */
  readonly burst: number;
}

const forgetEveryMs = 10_000;

/** Lets ten thousand requests that come at once through in order, and a cluster that floods no further than itself. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #clock: Clock;
  readonly #queue: { readonly sinceMs: number; readonly begin: () => Promise<void> }[] = [];
  readonly #spent = new Map<ClusterName, { tokens: number; atMs: number }>();
  #running = 0;
  #forgotAtMs = 0;

  constructor(limits: AdmissionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Runs `begin` now or when its turn comes. False where it never will: too many wait, or this cluster asks too often. */
  enter(cluster: ClusterName, begin: () => Promise<void>): boolean {
    if (!this.#mayAsk(cluster) || this.#queue.length >= this.#limits.waiting) return false;
    this.#queue.push({ sinceMs: this.#clock.now(), begin });
    this.#next();
    return true;
  }

  #next(): void {
    while (this.#running < this.#limits.atATime) {
      const first = this.#queue.shift();
      if (!first) return;
      if (this.#clock.now() - first.sinceMs > this.#limits.patienceMs) continue;
      this.#running += 1;
      void first.begin().finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  #mayAsk(cluster: ClusterName): boolean {
    const { burst } = this.#limits;
    const nowMs = this.#clock.now();
    const before = this.#spent.get(cluster) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, before.tokens + (nowMs - before.atMs) / 1000);
    this.#forget(nowMs);
    this.#spent.set(cluster, { tokens: Math.max(0, tokens - 1), atMs: nowMs });
    return tokens >= 1;
  }

  /** Whoever has asked for nothing lately has its whole share, and need not be remembered. */
  #forget(nowMs: number): void {
    if (nowMs - this.#forgotAtMs < forgetEveryMs) return;
    this.#forgotAtMs = nowMs;
    const { burst } = this.#limits;
    for (const [cluster, { tokens, atMs }] of this.#spent)
      if (tokens + (nowMs - atMs) / 1000 >= burst) this.#spent.delete(cluster);
  }
}
