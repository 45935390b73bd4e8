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
import type { Change, EventRow, StatusRow } from '@fairlead/ports/store';

type StatusDelta = MessageOf<AgentMessage, 'StatusDelta'>;

/** What a delta changes in the store, and which applications said something new. */
export interface StatusChanges {
  readonly changes: readonly Change[];
  readonly applications: readonly ApplicationId[];
}

/** The hub's own reckoning may wander by the time a message takes; a start is kept as long as it is within this. */
const jitterMs = 5_000;

/** Rows of a delta. `prior` holds the rows of the applications that it names, or all of the cluster's if it is full. */
export function statusChanges(
  delta: StatusDelta,
  options: { readonly cluster: ClusterName; readonly prior: readonly StatusRow[]; readonly nowMs: number },
): StatusChanges {
  const { cluster, nowMs } = options;
  const before = new Map(options.prior.map((row) => [row.status.application, row]));
  const rows = delta.changed.map((status) =>
    statusRow(status, { cluster, before: before.get(status.application), nowMs }),
  );
  const named = new Set(delta.changed.map((status) => status.application));
  const gone = delta.full
    ? [...before.keys()].filter((application) => !named.has(application))
    : delta.removed.filter((application) => !named.has(application as ApplicationId));
  const moved = rows.filter((row) => differs(row, before.get(row.status.application)));
  return {
    changes: [
      ...rows.map((row) => ({ put: 'status', row }) as const),
      ...gone.map((application) => ({ drop: 'status', cluster, application: application as ApplicationId }) as const),
    ],
    applications: [...moved.map((row) => row.status.application), ...(gone as ApplicationId[])],
  };
}

function statusRow(
  status: ApplicationStatus,
  { cluster, before, nowMs }: { cluster: ClusterName; before: StatusRow | undefined; nowMs: number },
): StatusRow {
  const same = before !== undefined && stateOf(before.status) === stateOf(status);
  const sinceMs = same ? before.sinceMs : nowMs;
  if (status.healthyForMs === undefined) return { cluster, status, sinceMs, observedAtMs: nowMs };
  const reckoned = nowMs - status.healthyForMs;
  const known = before?.status.bundle === status.bundle ? before.healthySinceMs : undefined;
  const healthySinceMs = known !== undefined && Math.abs(known - reckoned) <= jitterMs ? known : reckoned;
  return { cluster, status, healthySinceMs, sinceMs, observedAtMs: nowMs };
}

/** What makes a state another state; messages and counts may change within one. */
function stateOf({ sync, health, drift, reason, bundle, release, attempt }: ApplicationStatus): string {
  return [sync, health, drift, reason, bundle, release, attempt].join(' ');
}

function differs(row: StatusRow, before: StatusRow | undefined): boolean {
  if (!before || row.healthySinceMs !== before.healthySinceMs) return true;
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
