import { keyText, reasons, splitApplicationId } from '@fairlead/core/model';
import type { Standing } from '@fairlead/core/rollout';
import type { AssignmentRow, RowKey, StatusRow } from '@fairlead/ports/store';
import { standingsOfAll } from './decisions.ts';
import { optional } from './optional.ts';
import type { ReadPorts } from './ports.ts';

/** One application in one cluster, and what the store has of it. */
export interface Placed extends RowKey {
  /** Of the assignment; before there is one, where git places it; empty where nobody can say. */
  readonly environment: string;
  readonly assignment?: AssignmentRow;
  readonly row?: StatusRow;
}

/** CLUSTER/TEAM/APPLICATION, by which rows are sorted. */
export function nameOf({ cluster, application }: RowKey): string {
  return `${cluster}/${application}`;
}

/** What is shown of its states. A state of another bundle than the one assigned is not this bundle's: it reads Assigned. */
export function stateOf({ assignment, row }: Placed) {
  const status = row?.status;
  const entry = assignment?.entry;
  const answered = status !== undefined && (entry === undefined || status.bundle === entry.bundle);
  return {
    sync: entry === undefined && status === undefined ? ('Held' as const) : answered ? status.sync : 'Assigned',
    health: status?.health ?? ('Missing' as const),
    drift: status?.drift ?? ('None' as const),
  };
}

/** What is shown of each, with its cluster's connection and, where it waits, the planner's word. */
export async function viewsOf(ports: ReadPorts, placed: readonly Placed[]) {
  const units = new Set(placed.filter(isWaiting).map(unitOf));
  const names = [...new Set(placed.map(({ cluster }) => cluster))];
  const [standings, rows] = await Promise.all([
    standingsOfAll(ports, [...units]),
    names.length === 0 ? [] : ports.store.clusters({ names }),
  ]);
  const known = new Map(rows.map((row) => [row.cluster, row]));
  return placed.map((one) =>
    viewOf(one, {
      held: standings.get(unitOf(one))?.get(one.cluster),
      old: ports.connection(known.get(one.cluster)) !== 'Connected',
    }),
  );
}

/** It has not answered to what it was given, or was given nothing: then the planner's word is the newest. */
function isWaiting(placed: Placed): boolean {
  const { sync } = stateOf(placed);
  return sync === 'Held' || sync === 'Assigned';
}

function unitOf({ environment, application }: Placed): string {
  const { team, name } = splitApplicationId(application);
  return `${environment}/${team}/${name}`;
}

/** Why it waits where the planner does not say so of the cluster, as of verifications, and of those beyond what is shown. */
function unanswered(isGiven: boolean) {
  return isGiven
    ? ({ reason: 'Assigned', message: reasons.Assigned } as const)
    : ({ reason: 'WaitsForWave', message: 'It has not been given a release yet.' } as const);
}

function viewOf(placed: Placed, { held, old }: { held: Standing | undefined; old: boolean }) {
  const { cluster, application, environment, assignment, row } = placed;
  const { entry } = assignment ?? {};
  const status = row?.status;
  const why = isWaiting(placed) ? (held ?? unanswered(entry !== undefined)) : status;
  return {
    cluster: cluster as string,
    application: application as string,
    environment,
    ...optional('wave', assignment?.wave ?? held?.wave),
    ...stateOf(placed),
    old,
    ...optional('release', entry?.release ?? status?.release),
    ...optional('version', entry?.version),
    ...optional('bundle', entry?.bundle ?? status?.bundle),
    ...optional('attempt', entry?.attempt ?? status?.attempt),
    objects: status?.objects ?? 0,
    healthyObjects: status?.healthyObjects ?? 0,
    ...optional('sinceMs', row?.sinceMs),
    ...optional('observedAtMs', row?.observedAtMs),
    ...optional('healthyForMs', status?.healthyForMs),
    problems: (status?.problems ?? []).map(({ key, health, reason, message }) => ({
      object: keyText(key),
      health: health as string,
      reason: reason as string,
      message,
    })),
    reason: (why?.reason ?? 'Assigned') as string,
    message: why?.message ?? '',
  };
}
