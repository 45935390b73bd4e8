import { durationMs } from '@fairlead/core/model';
import type { EnvironmentEvidence, GateEvidence, Verdict } from './verdict.ts';

type Ripe = Pick<Verdict, 'verdict' | 'reason' | 'message' | 'recheckAfterMs'>;

/**
 * Whether the clusters that count in the predecessors have run the candidate in sync and healthy for `text`. With
 * `all` every predecessor must have, with `any` one. An environment in which none counts is unknown.
 */
export function judgeDuration(
  gate: string,
  { text, evidence }: { text: string; evidence: Pick<GateEvidence, 'nowMs' | 'quorum' | 'predecessors'> },
): Verdict {
  const each = evidence.predecessors.map((environment) => ripeness(environment, { text, nowMs: evidence.nowMs }));
  const open = each.filter((one) => one.verdict !== 'Passed');
  const passed = each.length > 0 && (evidence.quorum === 'any' ? open.length < each.length : open.length === 0);
  const excluded = evidence.predecessors.flatMap(({ clusters }) =>
    clusters.flatMap(({ cluster, excluded: reason }) => (reason === undefined ? [] : [{ cluster, reason }])),
  );
  const worst = open.find((one) => one.verdict === 'Unknown') ?? open[0] ?? nothingBefore(gate);
  const ripe: Ripe = passed ? { verdict: 'Passed', reason: 'Entered', message: `${gate} of ${text} is over.` } : worst;
  return { gate, ...ripe, trailer: `${gate}=${text} ${passed ? 'ok' : ripe.verdict.toLowerCase()}`, excluded };
}

function nothingBefore(gate: string): Ripe {
  const message = `The gate ${gate} looks at the environments before this one, and there is none.`;
  return { verdict: 'Unknown', reason: 'GateUnknown', message };
}

function ripeness(environment: EnvironmentEvidence, { text, nowMs }: { text: string; nowMs: number }): Ripe {
  const name = environment.environment;
  const neededMs = durationMs(text);
  if (neededMs === undefined)
    return { verdict: 'Unknown', reason: 'GateUnknown', message: `${text} is not a duration.` };
  if (environment.kept === true) {
    return { verdict: 'Passed', reason: 'Entered', message: `${name} had it for ${text} before it moved on.` };
  }
  if (!environment.named) {
    return { verdict: 'Waiting', reason: 'WaitsForPredecessor', message: `${name} does not name this release.` };
  }
  const counting = environment.clusters.filter((cluster) => cluster.excluded === undefined);
  if (counting.length === 0) {
    return { verdict: 'Unknown', reason: 'GateUnknown', message: `No cluster of ${name} counts, so nothing is known.` };
  }
  const unhealthy = counting.filter((cluster) => cluster.healthySinceMs === undefined);
  if (unhealthy.length > 0) {
    const message = `${unhealthy.length} of ${counting.length} clusters of ${name} do not run it in sync and healthy, such as ${unhealthy[0]?.cluster}.`;
    return { verdict: 'Waiting', reason: 'WaitsForGate', message };
  }
  const sinceMs = Math.max(...counting.map((cluster) => cluster.healthySinceMs ?? nowMs));
  const leftMs = sinceMs + neededMs - nowMs;
  if (leftMs <= 0) return { verdict: 'Passed', reason: 'Entered', message: `${name} is healthy for ${text}.` };
  const message = `${name} is healthy; ${Math.ceil(leftMs / 1000)} s of ${text} are left.`;
  return { verdict: 'Waiting', reason: 'WaitsForGate', message, recheckAfterMs: leftMs };
}
