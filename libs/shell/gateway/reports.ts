import {
  keyText,
  type AgentMessage,
  type ApplicationId,
  type ApplicationStatus,
  type ClusterName,
  type DriftItem,
  type JsonObject,
  type MessageOf,
  type Reason,
} from '@fairlead/core/model';
import { goingOn, type Change, type EventRow, type StatusRow } from '@fairlead/ports/store';

type StatusDelta = MessageOf<AgentMessage, 'StatusDelta'>;

/** What a delta changes in the store, and which applications said something new. */
export interface StatusChanges {
  readonly changes: readonly Change[];
  readonly applications: readonly ApplicationId[];
}

/**
 * Rows of a delta. Of a full one `prior` holds all rows of the cluster: what it does not name is gone, and what is as it
 * was is no news. Any other names only what changed, and needs none.
 */
export function statusChanges(
  delta: StatusDelta,
  options: { readonly cluster: ClusterName; readonly prior: readonly StatusRow[]; readonly nowMs: number },
): StatusChanges {
  const { cluster, prior, nowMs } = options;
  const before = new Map(prior.map((row) => [row.status.application, row]));
  const rows = delta.changed.map((status) => statusRow(status, { cluster, nowMs }));
  const named = new Set(delta.changed.map((status) => status.application));
  const left = delta.full ? [...before.keys()] : (delta.removed as ApplicationId[]);
  const gone = left.filter((application) => !named.has(application));
  const moved = rows.filter((row) => differs(row, before.get(row.status.application)));
  return {
    changes: [
      ...rows.map((row) => ({ put: 'status', row }) as const),
      ...gone.map((application) => ({ drop: 'status', cluster, application }) as const),
    ],
    applications: [...moved.map((row) => row.status.application), ...gone],
  };
}

function statusRow(
  status: ApplicationStatus,
  { cluster, nowMs }: { readonly cluster: ClusterName; readonly nowMs: number },
): StatusRow {
  const row = { cluster, status, sinceMs: nowMs, observedAtMs: nowMs };
  return status.healthyForMs === undefined ? row : { ...row, healthySinceMs: nowMs - status.healthyForMs };
}

function differs(row: StatusRow, before: StatusRow | undefined): boolean {
  if (!before || goingOn(row, before).healthySinceMs !== before.healthySinceMs) return true;
  return JSON.stringify({ ...row.status, healthyForMs: 0 }) !== JSON.stringify({ ...before.status, healthyForMs: 0 });
}

const driftReasons: Readonly<Record<DriftItem['outcome'], Reason>> = {
  Corrected: 'DriftCorrected',
  Reported: 'Drifted',
  Damped: 'DriftFighting',
  Failed: 'Drifted',
};

/** The journal's lines for drift, with the whole item as details. Values of Secrets were masked by the agent. */
export function driftEvents(
  items: readonly DriftItem[],
  { cluster, nowMs }: { readonly cluster: ClusterName; readonly nowMs: number },
): Omit<EventRow, 'id'>[] {
  return items.map((item) => ({
    atMs: nowMs,
    type: 'Drift',
    reason: driftReasons[item.outcome],
    message: driftText(item),
    cluster,
    application: item.application,
    details: item as unknown as JsonObject,
  }));
}

const seen: Readonly<Record<DriftItem['kind'], string>> = {
  Deleted: 'was deleted',
  Changed: 'was changed',
  TakenOver: 'was taken over',
  Unlabelled: 'lost its label',
};

function driftText(item: DriftItem): string {
  const where = item.pointer === '' ? '' : ` at ${item.pointer}`;
  const by = item.manager === undefined ? '' : ` by ${item.manager}`;
  const took = item.tookMs === undefined ? '' : ` in ${item.tookMs} ms`;
  const outcome = {
    Corrected: `put right${took}`,
    Reported: 'left as it is',
    Damped: 'left for a while, because it changes again and again',
    Failed: 'could not be put right',
  }[item.outcome];
  return `${keyText(item.key)} ${seen[item.kind]}${where}${by}: ${outcome}.`;
}
