import { keyText, type HealthState, type ObjectKey } from '@fairlead/core/model';
import type { Health } from './verdict.ts';

/** One object and its health. */
export interface ObjectHealth {
  readonly key: ObjectKey;
  readonly health: Health;
}

/** The health of many objects as one. */
export interface AggregatedHealth extends Health {
  readonly counts: Readonly<Record<HealthState, number>>;
  /** The objects that are not healthy, the worst first, then by key; at most the bound that was asked for. */
  readonly problems: readonly ObjectHealth[];
}

/** From the worst to the best. A known failure comes before a gap, and not knowing before waiting. */
const severity: readonly HealthState[] = ['Degraded', 'Missing', 'Unknown', 'Progressing', 'Suspended', 'Healthy'];

/**
 * The worst health of a list with the counts of each; reason and message are of the worst object, with how many are not healthy.
 * An empty list is healthy with reason NoObjects. `problems` holds at most `maxProblems` (20 unless given).
 */
export function aggregateHealth(
  list: readonly ObjectHealth[],
  options: { maxProblems?: number } = {},
): AggregatedHealth {
  const counts: Record<HealthState, number> = {
    Healthy: 0,
    Progressing: 0,
    Degraded: 0,
    Suspended: 0,
    Missing: 0,
    Unknown: 0,
  };
  for (const { health } of list) counts[health.status] += 1;
  if (list.length === 0)
    return { status: 'Healthy', reason: 'NoObjects', message: 'there are no objects', counts, problems: [] };

  const sick = list
    .filter(({ health }) => health.status !== 'Healthy')
    .map((item) => ({ item, text: keyText(item.key) }));
  sick.sort(
    (a, b) =>
      severity.indexOf(a.item.health.status) - severity.indexOf(b.item.health.status) ||
      (a.text < b.text ? -1 : a.text > b.text ? 1 : 0),
  );
  const problems = sick.slice(0, options.maxProblems ?? 20).map(({ item }) => item);
  const worst = sick[0];
  if (!worst)
    return {
      status: 'Healthy',
      reason: 'Current',
      message: `${list.length} of ${list.length} objects healthy`,
      counts,
      problems,
    };
  const { status, reason, message } = worst.item.health;
  return {
    status,
    reason,
    message: `${counts.Healthy} of ${list.length} objects healthy; ${worst.text}: ${message}`,
    counts,
    problems,
  };
}
