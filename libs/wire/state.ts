import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  ApplicationId,
  ApplicationStatus,
  CommitSha,
  DriftItem,
  ObjectKey,
  ObjectProblem,
  Position,
  SignedHead,
} from '@fairlead/core/model';
import {
  DriftKind,
  DriftOutcome,
  DriftState,
  HealthState,
  SyncState,
  type ApplicationStatus as WireStatus,
  type ApplicationStatusSchema,
  type DriftItem as WireDriftItem,
  type DriftItemSchema,
  type ObjectKey as WireKey,
  type ObjectProblem as WireProblem,
  type Position as WirePosition,
  type PositionSchema,
  type SignedHead as WireHead,
} from './gen/fairlead/v1/state_pb.js';
import { limits } from './limits.ts';
import {
  commitFrom,
  commitTo,
  countFrom,
  countTo,
  digestFrom,
  digestTo,
  list,
  reasonFrom,
  required,
  smallCountTo,
  text,
  unreadable,
  words,
} from './scalars.ts';

const syncStates = words(
  {
    Held: SyncState.HELD,
    Assigned: SyncState.ASSIGNED,
    Applying: SyncState.APPLYING,
    InSync: SyncState.IN_SYNC,
    OutOfSync: SyncState.OUT_OF_SYNC,
    Failed: SyncState.FAILED,
  },
  'OutOfSync',
);
const healthStates = words(
  {
    Healthy: HealthState.HEALTHY,
    Progressing: HealthState.PROGRESSING,
    Degraded: HealthState.DEGRADED,
    Suspended: HealthState.SUSPENDED,
    Missing: HealthState.MISSING,
    Unknown: HealthState.UNKNOWN,
  },
  'Unknown',
);
const driftStates = words(
  {
    None: DriftState.NONE,
    Corrected: DriftState.CORRECTED,
    Present: DriftState.PRESENT,
    Fighting: DriftState.FIGHTING,
  },
  'Present',
);
const driftKinds = words(
  {
    Deleted: DriftKind.DELETED,
    Changed: DriftKind.CHANGED,
    TakenOver: DriftKind.TAKEN_OVER,
    Unlabelled: DriftKind.UNLABELLED,
  },
  'Changed',
);
const driftOutcomes = words(
  {
    Corrected: DriftOutcome.CORRECTED,
    Reported: DriftOutcome.REPORTED,
    Damped: DriftOutcome.DAMPED,
    Failed: DriftOutcome.FAILED,
  },
  'Reported',
);

/** Reads TEAM/NAME. */
export function applicationFrom(value: string, path: string): ApplicationId {
  const found = text(value, { path });
  const slash = found.indexOf('/');
  if (slash < 1 || slash === found.length - 1 || found.includes('/', slash + 1))
    throw unreadable(path, `"${found.slice(0, 80)}" and not TEAM/NAME`);
  return found as ApplicationId;
}

/** Reads a position that must be there. */
export function positionFrom(wire: WirePosition | undefined, path: string): Position {
  const { epoch, generation } = required(wire, path);
  return { epoch: countFrom(epoch, `${path}.epoch`), generation: countFrom(generation, `${path}.generation`) };
}

/** Writes a position. */
export function positionTo(position: Position, path: string): MessageInitShape<typeof PositionSchema> {
  return {
    epoch: countTo(position.epoch, `${path}.epoch`),
    generation: countTo(position.generation, `${path}.generation`),
  };
}

/** Reads a signed head that must be there. */
export function headFrom(wire: WireHead | undefined, path: string): SignedHead {
  const { bytes, signature, keyId } = required(wire, path);
  return { bytes, signature, keyId: text(keyId, { path: `${path}.keyId` }) };
}

/** Reads the key of an object that must be there. */
export function keyFrom(wire: WireKey | undefined, path: string): ObjectKey {
  const { group, kind, namespace, name } = required(wire, path);
  return {
    group: text(group, { path: `${path}.group`, empty: 'allowed' }),
    kind: text(kind, { path: `${path}.kind` }),
    namespace: text(namespace, { path: `${path}.namespace`, empty: 'allowed' }),
    name: text(name, { path: `${path}.name` }),
  };
}

/** Reads commits by the key of the object whose deletion they allow. */
export function acknowledgedFrom(
  wire: { readonly [key: string]: Uint8Array },
  path: string,
): Readonly<Record<string, CommitSha>> {
  const entries = list(Object.entries(wire), { path, most: limits.listed });
  return Object.fromEntries(entries.map(([key, commit]) => [key, commitFrom(commit, `${path}[${key}]`)]));
}

/** Writes what {@link acknowledgedFrom} reads. */
export function acknowledgedTo(map: Readonly<Record<string, CommitSha>>, path: string): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(map).map(([key, commit]) => [key, commitTo(commit, `${path}[${key}]`)]));
}

/** Reads what a cluster says of one application. */
export function statusFrom(wire: WireStatus, path: string): ApplicationStatus {
  const problems = list(wire.problems, { path: `${path}.problems`, most: limits.problems });
  return {
    application: applicationFrom(wire.application, `${path}.application`),
    release: digestFrom(wire.release, `${path}.release`),
    bundle: digestFrom(wire.bundle, `${path}.bundle`),
    attempt: commitFrom(wire.attempt, `${path}.attempt`),
    sync: syncStates.from(wire.sync, `${path}.sync`),
    health: healthStates.from(wire.health, `${path}.health`),
    drift: driftStates.from(wire.drift, `${path}.drift`),
    reason: reasonFrom(wire.reason, `${path}.reason`),
    message: text(wire.message, { path: `${path}.message`, most: limits.messageChars, empty: 'allowed' }),
    objects: wire.objects,
    healthyObjects: wire.healthyObjects,
    ...(wire.healthyForMs !== undefined && { healthyForMs: countFrom(wire.healthyForMs, `${path}.healthyForMs`) }),
    problems: problems.map((problem, at) => problemFrom(problem, `${path}.problems[${at}]`)),
  };
}

function problemFrom(wire: WireProblem, path: string): ObjectProblem {
  return {
    key: keyFrom(wire.key, `${path}.key`),
    health: healthStates.from(wire.health, `${path}.health`),
    reason: reasonFrom(wire.reason, `${path}.reason`),
    message: text(wire.message, { path: `${path}.message`, most: limits.messageChars, empty: 'allowed' }),
  };
}

/** Writes what a cluster says of one application. */
export function statusTo(status: ApplicationStatus, path: string): MessageInitShape<typeof ApplicationStatusSchema> {
  return {
    application: status.application,
    release: digestTo(status.release, `${path}.release`),
    bundle: digestTo(status.bundle, `${path}.bundle`),
    attempt: commitTo(status.attempt, `${path}.attempt`),
    sync: syncStates.to(status.sync, `${path}.sync`),
    health: healthStates.to(status.health, `${path}.health`),
    drift: driftStates.to(status.drift, `${path}.drift`),
    reason: status.reason,
    message: status.message,
    objects: smallCountTo(status.objects, `${path}.objects`),
    healthyObjects: smallCountTo(status.healthyObjects, `${path}.healthyObjects`),
    ...(status.healthyForMs !== undefined && { healthyForMs: countTo(status.healthyForMs, `${path}.healthyForMs`) }),
    problems: status.problems.map((problem, at) => ({
      ...problem,
      health: healthStates.to(problem.health, `${path}.problems[${at}].health`),
    })),
  };
}

/** Reads one difference. */
export function driftFrom(wire: WireDriftItem, path: string): DriftItem {
  const value = (field: 'wanted' | 'found' | 'pointer'): string =>
    text(wire[field], { path: `${path}.${field}`, most: limits.valueChars, empty: 'allowed' });
  return {
    application: applicationFrom(wire.application, `${path}.application`),
    key: keyFrom(wire.key, `${path}.key`),
    kind: driftKinds.from(wire.kind, `${path}.kind`),
    pointer: value('pointer'),
    wanted: value('wanted'),
    found: value('found'),
    ...(wire.manager !== undefined && { manager: text(wire.manager, { path: `${path}.manager`, empty: 'allowed' }) }),
    ...(wire.operation !== undefined && {
      operation: text(wire.operation, { path: `${path}.operation`, empty: 'allowed' }),
    }),
    ...(wire.atMs !== undefined && { atMs: countFrom(wire.atMs, `${path}.atMs`) }),
    outcome: driftOutcomes.from(wire.outcome, `${path}.outcome`),
    ...(wire.tookMs !== undefined && { tookMs: countFrom(wire.tookMs, `${path}.tookMs`) }),
  };
}

/** Writes one difference. */
export function driftTo(item: DriftItem, path: string): MessageInitShape<typeof DriftItemSchema> {
  const { atMs, tookMs, ...rest } = item;
  return {
    ...rest,
    kind: driftKinds.to(item.kind, `${path}.kind`),
    outcome: driftOutcomes.to(item.outcome, `${path}.outcome`),
    ...(atMs !== undefined && { atMs: countTo(atMs, `${path}.atMs`) }),
    ...(tookMs !== undefined && { tookMs: countTo(tookMs, `${path}.tookMs`) }),
  };
}
