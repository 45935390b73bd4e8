import { connectionOf, withoutGap, type ConnectionNow } from '@fairlead/core/connection';
import { attemptsOf, type Attempt, type ReleaseRef } from '@fairlead/core/releases';
import type { ClusterName, CommitSha, ReleaseFile, RolloutPolicy, Window } from '@fairlead/core/model';
import { matches } from '@fairlead/core/placement';
import {
  judgeWindows,
  planRollout,
  wavesOf,
  type Given,
  type Goal,
  type Report,
  type RolloutCluster,
  type RolloutInput,
  type RolloutKind,
  type RolloutMemory,
  type RolloutPlan,
  type Trouble,
} from '@fairlead/core/rollout';
import type { AssignmentRow, ClusterRow, StatusRow } from '@fairlead/ports/store';
import { adoptable, hasAnswered, hasSpoken } from './adopt.ts';
import type { Round } from './round.ts';
import type { Unit } from './units.ts';
import { removedBy } from './withdraw.ts';

/** How a rollout goes in an environment whose document is gone: the defaults of the format. */
const plainPolicy: RolloutPolicy = {
  waves: [{ name: 'all', maxConcurrent: '100%', soak: '0s' }],
  maxUnavailable: '10%',
  failureBudget: 0,
  progressDeadline: '10m',
  onFailure: 'Halt',
  unreachable: 'Skip',
};

/** For how long after a lost store nobody is skipped as silent. */
const graceMs = 600_000;

/** One unit as it stands, and what its rollout would do next. */
export interface UnitView {
  readonly unit: Unit;
  /** The ledger file, if there is one. */
  readonly file?: ReleaseFile;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
  /** The commit that promoted, returned or withdrew. */
  readonly attempt?: CommitSha;
  readonly kind: RolloutKind;
  /** Why clusters that have nothing of it get nothing yet. */
  readonly closed?: Trouble;
  readonly fallback?: { readonly commit: CommitSha; readonly file: ReleaseFile };
  readonly policy: RolloutPolicy;
  /** Clusters that placement gives the unit. */
  readonly placed: readonly ClusterName[];
  readonly rows: ReadonlyMap<ClusterName, AssignmentRow>;
  readonly statuses: ReadonlyMap<ClusterName, StatusRow>;
  /** Rows that the store lost and the clusters' own words gave back. */
  readonly adopted: readonly AssignmentRow[];
  /** For clusters that leave: the commit that took the application away. */
  readonly takers: ReadonlyMap<ClusterName, CommitSha>;
  readonly input?: RolloutInput;
  readonly plan?: RolloutPlan;
  /** When some cluster that is not done falls silent. */
  readonly silenceAfterMs?: number;
}

/** The release that a ledger file names. */
export function releaseOf({ spec }: ReleaseFile): ReleaseRef {
  const { version, digest, definition, sources, renderer } = spec;
  return { version, digest, definition, sources, renderer };
}

/** Looks at one unit: ledger, placement, rows, statuses, bundles, and the plan that follows. */
export async function observe(round: Round, unit: Unit): Promise<UnitView> {
  const { snapshot } = round;
  const file = snapshot.ledger.releases.get(unit.key);
  const attempts = attemptsOf(snapshot.named.get(unit.key) ?? []);
  const removed = file === undefined ? await removedBy(round.ports.repository, snapshot, unit) : undefined;
  const attempt = file === undefined ? removed : attempts[0]?.commit;
  const policy = snapshot.documents.environments.get(unit.environment)?.spec.rollout ?? plainPolicy;
  const placed = snapshot.placement.applications.get(unit.application)?.get(unit.environment) ?? [];
  const read = await round.rowsOf(unit.application);
  const claim = (cluster: ClusterName): string => waveOf(round, { cluster, policy });
  const adopted = adoptable(round, { unit, statuses: read.statuses, rows: read.rows, claim });
  const rows = new Map([...read.rows, ...adopted.map((row) => [row.cluster, row] as const)]);
  const seen = { unit, attempts, policy, placed, rows, statuses: read.statuses, adopted };
  if (attempt === undefined) return { ...seen, kind: 'Promotion', takers: new Map() };
  if (file === undefined) return withInput(round, { ...seen, attempt, kind: 'Withdrawal', takers: new Map() }, claim);
  const fallbackFile =
    file.spec.fallback && (await round.pinned.release(snapshot, { unit, commit: file.spec.fallback }));
  const fallback = file.spec.fallback && fallbackFile ? { commit: file.spec.fallback, file: fallbackFile } : undefined;
  const kind = await kindOf(round, { unit, attempts, file });
  const closed = await round.arrivals.whyHeld(snapshot, { unit, attempt });
  const more = { ...(fallback && { fallback }), ...(closed && { closed }) };
  const view = { ...seen, file, attempt, kind, takers: new Map(), ...more };
  return withInput(round, view, claim);
}

/** The first wave that claims a cluster, by its labels in git. */
function waveOf({ snapshot }: Round, { cluster, policy }: { cluster: ClusterName; policy: RolloutPolicy }): string {
  const labels = snapshot.placement.labels.get(cluster) ?? {};
  const wave = wavesOf(policy.waves).find(({ clusters }) => clusters === undefined || matches(clusters, labels));
  return wave?.name ?? 'rest';
}

/** A return is a candidate that was named before and completed its rollout: a later promotion calls it its fallback. */
async function kindOf(
  { pinned, snapshot }: Round,
  { unit, attempts, file }: { unit: Unit; attempts: readonly Attempt[]; file: ReleaseFile },
): Promise<RolloutKind> {
  const current = attempts[0];
  const earlier = attempts.slice(1).filter(({ key }) => key === current?.key);
  if (earlier.length === 0) return 'Promotion';
  const completed = new Set([file.spec.fallback]);
  for (const { commit } of attempts.slice(1, 20)) {
    completed.add((await pinned.release(snapshot, { unit, commit }))?.spec.fallback);
  }
  return earlier.some(({ commit }) => completed.has(commit)) ? 'Return' : 'Promotion';
}

type Plain = Omit<UnitView, 'input' | 'plan' | 'attempt'> & { readonly attempt: CommitSha };

async function withInput(round: Round, view: Plain, claim: (cluster: ClusterName) => string): Promise<UnitView> {
  const { snapshot, nowMs, hub } = round;
  const { clusters, takers } = await clustersOf(round, view, claim);
  const memory = (await round.ports.store.fact(`rollout:${view.unit.key}`)) as unknown as RolloutMemory | undefined;
  const halted = haltOf(view);
  const windows = snapshot.documents.environments.get(view.unit.environment)?.spec.windows ?? [];
  const graceUntilMs = hub.recoveredAtMs === undefined ? undefined : hub.recoveredAtMs + graceMs;
  const input: RolloutInput = {
    nowMs,
    policy: view.policy,
    kind: view.kind,
    attempt: view.attempt,
    first: view.file?.spec.fallback === undefined && !(memory?.attempt === view.attempt && memory.over),
    clusters: memory?.over === true ? clusters : clusters.map((cluster) => heardOnly(cluster, { round, view })),
    ...(halted === undefined ? {} : { halted }),
    ...holdWaves(windows, nowMs),
    ...(graceUntilMs === undefined ? {} : { graceUntilMs }),
    ...(memory === undefined ? {} : { memory }),
  };
  const plan = planRollout(input);
  const silenceAfterMs = nextSilence(round, plan);
  return { ...view, takers, input, plan, ...(silenceAfterMs === undefined ? {} : { silenceAfterMs }) };
}

/**
 * What a planner could not hear, because it or the store was away, is not held against a cluster: the deadline of what
 * this attempt gave begins anew when it hears again.
 */
function heardOnly(
  cluster: RolloutCluster,
  { round: { hearsSinceMs = 0 }, view }: { round: Round; view: Pick<Plain, 'attempt'> },
): RolloutCluster {
  const { given } = cluster;
  if (given === undefined || given.attempt !== view.attempt || given.assignedAtMs >= hearsSinceMs) return cluster;
  return { ...cluster, given: { ...given, assignedAtMs: hearsSinceMs } };
}

/** Waves begin only while the environment's windows are open. */
function holdWaves(windows: readonly Window[], nowMs: number): Pick<RolloutInput, 'waveStartsHeld'> {
  if (windows.length === 0) return {};
  const { verdict, reason, message, recheckAfterMs } = judgeWindows(windows, nowMs);
  if (verdict === 'Passed') return {};
  return { waveStartsHeld: { reason, message, ...(recheckAfterMs === undefined ? {} : { recheckAfterMs }) } };
}

function haltOf({ file, attempt }: Plain): Trouble | undefined {
  const halted = file?.spec.halted;
  if (halted === undefined || halted.attempt !== attempt) return undefined;
  return {
    reason: 'Halted',
    message: `The ledger halts this attempt: ${halted.reason}. Resume it, roll back, or promote a fix.`,
  };
}

async function clustersOf(round: Round, view: Plain, claim: (cluster: ClusterName) => string) {
  const { snapshot } = round;
  const takers = new Map<ClusterName, CommitSha>();
  const made: RolloutCluster[] = [];
  if (view.file !== undefined) {
    const { unit, placed } = view;
    const goals = await round.goals.of({ snapshot, unit, release: releaseOf(view.file), clusters: placed });
    const fallbacks = await fallbackGoals(round, view);
    for (const cluster of placed) {
      const goal = goals.get(cluster) ?? {
        kind: 'Unknown',
        trouble: { reason: 'RenderFailed', message: 'No bundle.' },
      };
      const fallback = fallbacks.get(cluster);
      const more = fallback?.kind === 'Bundle' ? { fallback: fallback.bundle } : {};
      made.push({ ...clusterOf(round, view, { cluster, goal, wave: claim(cluster) }), ...more });
    }
  }
  for (const cluster of leaving(round, view)) {
    const left = await round.departures.whyLeft(round, { unit: view.unit, cluster });
    const base = { cluster, ...(view.file === undefined ? { wave: claim(cluster) } : {}) };
    if ('commit' in left) {
      takers.set(cluster, left.commit);
      made.push(clusterOf(round, view, { ...base, goal: { kind: 'Nothing' } }));
    } else made.push({ ...clusterOf(round, view, { ...base, goal: { kind: 'Nothing' } }), held: left });
  }
  for (const cluster of view.file === undefined ? unheard(round, view) : [])
    made.push(clusterOf(round, view, { cluster, wave: claim(cluster), goal: { kind: 'Nothing' } }));
  return { clusters: made, takers };
}

/** Only clusters that have nothing yet can need the fallback's bundle. */
async function fallbackGoals(
  round: Round,
  { unit, placed, fallback, rows }: Plain,
): Promise<ReadonlyMap<ClusterName, Goal>> {
  const clusters = fallback === undefined ? [] : placed.filter((cluster) => rows.get(cluster)?.entry === undefined);
  if (fallback === undefined) return new Map();
  return round.goals.of({ snapshot: round.snapshot, unit, release: releaseOf(fallback.file), clusters });
}

/** Members that were given the application here and that no environment of it has any more. */
function leaving({ snapshot }: Round, { unit, placed, rows }: Plain): ClusterName[] {
  const placement = snapshot.placement.applications.get(unit.application);
  const here = new Set(snapshot.ledger.releases.has(unit.key) ? placed : []);
  const elsewhere = new Set(
    [...(placement ?? [])].flatMap(([environment, clusters]) =>
      snapshot.ledger.releases.has(`${environment}/${unit.application}`) ? clusters : [],
    ),
  );
  return [...rows.values()]
    .filter((row) => row.environment === unit.environment && (row.entry !== undefined || row.tombstone !== undefined))
    .map((row) => row.cluster)
    .filter((cluster) => snapshot.ledger.members.has(cluster) && !elsewhere.has(cluster))
    .filter((cluster) => !here.has(cluster));
}

/**
 * Those who may have something of what is withdrawn, and did not say yet: of a lost store nothing tells who was given it.
 * They are waited for as everybody is, and then for nobody.
 */
function unheard(round: Round, { unit, rows }: Plain): readonly ClusterName[] {
  const { snapshot, hub, nowMs } = round;
  if (hub.recoveredAtMs === undefined || nowMs >= hub.recoveredAtMs + graceMs) return [];
  const selected = snapshot.placement.environments.get(unit.environment) ?? [...snapshot.placement.labels.keys()];
  return selected.filter((cluster) => !rows.has(cluster) && !hasSpoken(round, cluster));
}

function clusterOf(
  round: Round,
  { unit, rows, statuses, closed }: Plain,
  { cluster, goal, wave }: { cluster: ClusterName; goal: Goal; wave?: string },
): RolloutCluster {
  const contact = round.clusters.get(cluster);
  const row = rows.get(cluster);
  const status = statuses.get(cluster);
  const given = row && givenOf(round, { unit, row, status });
  const held = whyHeld(round, { unit, cluster }) ?? (row?.entry === undefined ? closed : undefined);
  return {
    cluster,
    goal,
    connection: connectionNow(round, contact).connection,
    seen: hasSpoken(round, cluster),
    ...(wave === undefined ? {} : { wave }),
    ...(given === undefined ? {} : { given }),
    ...(status === undefined ? {} : { report: reportOf(status) }),
    ...(held === undefined ? {} : { held }),
  };
}

/**
 * True while nothing is known of what a cluster was given last: its word on this very bundle is from before that, when it was
 * given another one in between, or it was told to take away what it never spoke of. It may be applying the other at this moment.
 */
function isUnanswered(
  round: Round,
  { row, status }: { readonly row: AssignmentRow; readonly status: StatusRow | undefined },
): boolean {
  if (hasAnswered(round, row)) return false;
  if (status === undefined) return row.tombstone !== undefined;
  return row.entry?.bundle === status.status.bundle && status.observedAtMs <= row.assignedAtMs;
}

/** What the hub hears of a cluster; a time in which nothing could be heard makes nobody silent. */
export function connectionNow({ nowMs, silence, gap }: Round, row: ClusterRow | undefined): ConnectionNow {
  return connectionOf(row && gap ? withoutGap(row, gap) : row, { nowMs, policy: silence });
}

function givenOf(
  round: Round,
  { unit, row, status }: { readonly unit: Unit; readonly row: AssignmentRow; readonly status: StatusRow | undefined },
): Given | undefined {
  const attempt = row.entry?.attempt ?? row.tombstone?.commit;
  if (attempt === undefined) return undefined;
  return {
    attempt,
    elsewhere: row.environment !== unit.environment,
    assignedAtMs: row.assignedAtMs,
    ...(row.entry === undefined ? {} : { bundle: row.entry.bundle }),
    ...(row.wave === undefined ? {} : { wave: row.wave }),
    ...(row.healthyBefore === undefined ? {} : { healthyBefore: row.healthyBefore }),
    ...(isUnanswered(round, { row, status }) ? { unanswered: true } : {}),
  };
}

function reportOf({ status, healthySinceMs, sinceMs }: StatusRow): Report {
  const { bundle, sync, health, reason } = status;
  return { bundle, sync, health, reason, sinceMs, ...(healthySinceMs === undefined ? {} : { healthySinceMs }) };
}

/** Why a cluster keeps what it has, whatever is decided. */
export function whyHeld(
  { snapshot }: Pick<Round, 'snapshot'>,
  { unit, cluster }: { unit: Unit; cluster: ClusterName },
): Trouble | undefined {
  const frozen = snapshot.ledger.members.get(cluster)?.spec.frozen;
  if (frozen !== undefined) return { reason: 'Frozen', message: `${frozen.by} froze the cluster: ${frozen.reason}.` };
  const conflict = snapshot.placement.conflicts.find(
    (one) => one.application === unit.application && one.cluster === cluster,
  );
  if (conflict === undefined) return undefined;
  return {
    reason: 'EnvironmentConflict',
    message: `${conflict.environments.join(' and ')} both select it; it keeps what it runs.`,
  };
}

function nextSilence(round: Round, plan: RolloutPlan): number | undefined {
  const times = plan.clusters.flatMap(({ cluster, state }) => {
    const row = round.clusters.get(cluster);
    if (state === 'Done') return [];
    const { connection, recheckAfterMs } = connectionNow(round, row);
    return connection === 'Connected' && recheckAfterMs !== undefined ? [recheckAfterMs] : [];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}
