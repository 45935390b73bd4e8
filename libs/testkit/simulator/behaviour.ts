import { durationMs } from '@fairlead/core/model';
import { drawn } from './random.ts';

/** Anything between two durations, in milliseconds. */
export interface Range {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** How pretended clusters behave. Shares are of 0 to 1; everything is drawn from one seed. */
export interface Behaviour {
  readonly seed: number;
  /** From a desired state to its objects applied. */
  readonly apply: Range;
  /** From applied to healthy. */
  readonly health: Range;
  /** Share of (cluster, attempt) that fails to apply. */
  readonly failureRate: number;
  /** Share that is applied and never gets healthy. */
  readonly sickRate: number;
  /** Share that turns bad after it was healthy, and after how long. */
  readonly badRate: number;
  readonly badAfter: Range;
  /** For each cluster. */
  readonly driftPerMinute: number;
  /** Streams that break off, for each cluster. */
  readonly dropsPerMinute: number;
  /** Share of agents that read so slowly that each message takes `slowMs`. */
  readonly slowReaders: number;
  readonly slowMs: number;
  /** Share of agents that send `floodPerSecond` needless messages. */
  readonly floods: number;
  readonly floodPerSecond: number;
  /**
   * Share of agents that verify the planner's signature, as every real one does on a machine of its own: that is a fifth
   * of what a pretended cluster costs, and it is the hub that is measured. All of them check roots and digests.
   */
  readonly verifyShare: number;
}

/** Clusters that do everything at once and never fail. */
export const calm: Behaviour = {
  seed: 1,
  apply: { leastMs: 0, mostMs: 0 },
  health: { leastMs: 0, mostMs: 0 },
  failureRate: 0,
  sickRate: 0,
  badRate: 0,
  badAfter: { leastMs: 1_000, mostMs: 10_000 },
  driftPerMinute: 0,
  dropsPerMinute: 0,
  slowReaders: 0,
  slowMs: 5_000,
  floods: 0,
  floodPerSecond: 100,
  verifyShare: 0.1,
};

/** What becomes of one attempt in one cluster. */
export interface Outcome {
  readonly applyMs: number;
  readonly healthMs: number;
  readonly end: 'Healthy' | 'FailsToApply' | 'NeverHealthy' | 'TurnsBad';
  /** After it was healthy; only where it turns bad. */
  readonly badAfterMs: number;
}

/** Decides it from seed, cluster, application and attempt alone, so that every run of a seed is alike. */
export function outcomeOf(
  behaviour: Behaviour,
  of: { readonly cluster: string; readonly application: string; readonly attempt: string },
): Outcome {
  const draw = (what: string): number => drawn(behaviour.seed, of.cluster, of.application, of.attempt, what);
  const within = ({ leastMs, mostMs }: Range, at: number): number => Math.round(leastMs + at * (mostMs - leastMs));
  const { failureRate, sickRate, badRate } = behaviour;
  const fate = draw('fate');
  return {
    applyMs: within(behaviour.apply, draw('apply')),
    healthMs: within(behaviour.health, draw('health')),
    badAfterMs: within(behaviour.badAfter, draw('bad')),
    end:
      fate < failureRate
        ? 'FailsToApply'
        : fate < failureRate + sickRate
          ? 'NeverHealthy'
          : fate < failureRate + sickRate + badRate
            ? 'TurnsBad'
            : 'Healthy',
  };
}

/** Reads `200ms`, or `0-200ms`, or `1s-2m`. Throws an `Error` that names the flag. */
export function readRange(flag: string, text: string): Range {
  const [first = '', second = first] = text.split('-');
  const mostMs = durationMs(second);
  // `0-200ms`: the unit of the second holds for both.
  const leastMs = durationMs(/^\d+$/.test(first) ? `${first}${second.replace(/^\d+/, '')}` : first);
  if (leastMs === undefined || mostMs === undefined || leastMs > mostMs)
    throw new Error(`${flag} is ${text}: write a duration such as 200ms, or a range such as 0-200ms`);
  return { leastMs, mostMs };
}
