import type { Word } from '@fairlead/core/documents';
import { candidateKey, keyOfRelease, type Offered, type ReleaseRef } from '@fairlead/core/releases';
import { dependenciesIn, type Gate, type JsonObject, type PipelineEntry, type Reason } from '@fairlead/core/model';
import {
  answerOf,
  judgeGate,
  looksBack,
  type ApprovalEvidence,
  type DependencyEvidence,
  type ClusterEvidence,
  type EnvironmentEvidence,
  type GateEvidence,
  type Verdict,
} from '@fairlead/core/rollout';
import type { KeptAnswers } from './checks/runner.ts';
import type { UnitView } from './observe.ts';
import type { Author } from './ports.ts';
import { releaseOf } from './observe.ts';
import { verificationEvidence, type VerificationView } from './verifications/evidence.ts';
import type { Round } from './round.ts';
import { afterOf, gatesAt, unitOf, type Unit } from './units.ts';

/** A predecessor as the entry decision sees it. */
export interface Before {
  readonly view: UnitView;
  readonly environment: string;
  readonly current?: Offered;
  readonly kept?: Offered;
}

/** An entry of a pipeline and where it leads. */
export interface Entry {
  readonly unit: Unit;
  readonly entry: PipelineEntry;
}

/**
 * Gates that a candidate has to pass. Where none of them looks at the predecessors, they must at least run the release in
 * good health: what is unproven does not spread.
 */
export function gatesOf({ snapshot }: Round, { unit, entry }: Entry): readonly Gate[] {
  const own = gatesAt(snapshot, { unit, entry });
  const proven = own.some(looksBack) || afterOf(entry).names.length === 0;
  return proven ? own : [...own, { health: '0s' }];
}

/** The predecessors of an entry, with what they name and what last ended its soak there. */
export async function beforeOf(round: Round, at: Entry): Promise<readonly Before[]> {
  const { names } = afterOf(at.entry);
  return Promise.all(
    names.map(async (environment) => {
      const view = await round.observe(unitOf(at.unit.application, environment));
      const current = currentOf(round, view);
      const kept = await keptOf(round, { at, environment });
      return { view, environment, ...(current ? { current } : {}), ...(kept ? { kept } : {}) };
    }),
  );
}

/** Whether an entry's ledger file ever named a release. */
export function hasNamed({ snapshot }: Round, { unit }: Entry, release: ReleaseRef): boolean {
  const key = keyOfRelease(release);
  return (snapshot.named.get(unit.key) ?? []).some((named) => candidateKey(named) === key);
}

/** What an environment offers; nothing while its rollout is halted. */
export function currentOf({ snapshot }: Round, { unit, file, attempt, plan }: UnitView): Offered | undefined {
  if (file === undefined || plan?.state === 'Halted') return undefined;
  const promoted = snapshot.named.get(unit.key)?.find(({ commit }) => commit === attempt);
  return { release: releaseOf(file), order: promoted?.timeMs ?? 0 };
}

/** Fact that keeps what last ended the soak that `at` asks of `environment`. */
export function keptKey(at: Entry, environment: string): string {
  return `soaked:${at.unit.key}:${environment}`;
}

async function keptOf(
  round: Round,
  { at, environment }: { at: Entry; environment: string },
): Promise<Offered | undefined> {
  const fact = await round.ports.store.fact(keptKey(at, environment));
  // Gates that changed since ask anew.
  if (fact === undefined || fact['gates'] !== backwardText(round, at)) return undefined;
  return fact['offered'] as unknown as Offered;
}

function backwardText(round: Round, at: Entry): string {
  return JSON.stringify(gatesOf(round, at).filter(looksBack));
}

/** What to keep of a soak that has ended. */
export function keptValue(round: Round, at: Entry, offered: Offered): JsonObject {
  return { gates: backwardText(round, at), offered: offered as unknown as JsonObject };
}

/** A candidate at the door of an entry. */
export interface Candidate {
  readonly at: Entry;
  readonly before: readonly Before[];
  readonly release: ReleaseRef;
  readonly authors?: readonly Author[] | undefined;
  /** What servers outside said, by candidate. */
  readonly answers?: KeptAnswers;
  /** What the environments before it have verified. */
  readonly verified?: readonly VerificationView[];
  /** Of the applications that gates of the entry wait for. */
  readonly dependencies?: Readonly<Record<string, DependencyEvidence>>;
}

/** Judges gates of an entry for a candidate. */
export function judge(round: Round, candidate: Candidate & { readonly gates: readonly Gate[] }): readonly Verdict[] {
  const evidence = evidenceFor(round, candidate);
  return candidate.gates.map((gate) => judgeGate(gate, evidence));
}

/** What gates of an entry go by for a candidate. */
export function evidenceFor(round: Round, candidate: Candidate & { readonly gates: readonly Gate[] }): GateEvidence {
  const { at, before, release, gates, dependencies = {}, verified = [] } = candidate;
  const answers = candidate.answers?.[keyOfRelease(release)] ?? {};
  const { quorum } = afterOf(at.entry);
  const predecessors = before.map((one) => evidenceOf(one, release));
  const approvals = approvalsOf(round, candidate);
  const resumed = saidOf(round, { kind: 'Resume', ...candidate });
  const verifications = verificationEvidence(round, { verified, release, gates });
  const said = { approvals, dependencies, answers, verifications, resumed };
  return { nowMs: round.nowMs, quorum, predecessors, ...said };
}

/** What people said of a candidate at an entry, and who may. */
export function approvalsOf(
  { snapshot }: Pick<Round, 'snapshot'>,
  { at, release, authors }: Omit<Candidate, 'before'>,
): ApprovalEvidence {
  const teams = [...snapshot.documents.teams].map(([name, { spec }]) => [name, spec.approvers] as const);
  return {
    approvers: snapshot.documents.teams.get(at.unit.team)?.spec.approvers ?? [],
    teams: Object.fromEntries(teams),
    given: saidOf({ snapshot }, { kind: 'Approve', at, release }),
    ...(authors === undefined ? {} : { authors }),
  };
}

/** Who said a word of a candidate at an entry, oldest first. */
export function saidOf(
  { snapshot }: Pick<Round, 'snapshot'>,
  { kind, at, release }: Pick<Candidate, 'at' | 'release'> & { readonly kind: Word['kind'] },
): readonly Author[] {
  const key = keyOfRelease(release);
  const said = (snapshot.said.get(at.unit.key) ?? []).filter((one) => one.kind === kind && one.candidate === key);
  return said.map(({ by }) => by);
}

/** How the applications that gates wait for stand in the environment of an entry. */
export async function dependenciesOf(
  round: Round,
  { at: { unit }, gates }: { at: Entry; gates: readonly Gate[] },
): Promise<Readonly<Record<string, DependencyEvidence>>> {
  const placed = round.snapshot.placement.applications.get(unit.application)?.get(unit.environment) ?? [];
  const here = new Set(placed);
  const known = dependenciesIn(gates).filter((application) => round.snapshot.documents.applications.has(application));
  const found = await Promise.all(
    known.map(async (application): Promise<[string, DependencyEvidence]> => {
      const view = await round.observe(unitOf(application, unit.environment));
      const there = new Set(view.placed);
      const clusters = clustersOf(view).filter(({ cluster }) => here.has(cluster));
      const version = view.file?.spec.version;
      const missing = placed.filter((cluster) => !there.has(cluster));
      const halted = view.plan?.state === 'Halted';
      return [application, { halted, clusters, missing, ...(version === undefined ? {} : { version }) }];
    }),
  );
  return Object.fromEntries(found);
}

/** Who wrote what a release brings, by the ledger files that ever named it; undefined where none says so. */
export function authorsOf({ snapshot }: Pick<Round, 'snapshot'>, { unit }: Entry, release: ReleaseRef) {
  const key = keyOfRelease(release);
  const pipeline = snapshot.documents.applications.get(unit.application)?.spec.pipeline ?? [];
  for (const { environment } of pipeline) {
    for (const named of snapshot.named.get(unitOf(unit.application, environment).key) ?? []) {
      if (named.digest === release.digest && named.authors !== undefined && candidateKey(named) === key)
        return named.authors;
    }
  }
  return undefined;
}

function evidenceOf({ view, environment, current, kept }: Before, release: ReleaseRef): EnvironmentEvidence {
  const key = keyOfRelease(release);
  const named = current !== undefined && keyOfRelease(current.release) === key;
  const isKept = kept !== undefined && keyOfRelease(kept.release) === key;
  return {
    environment: environment as EnvironmentEvidence['environment'],
    named,
    ...(isKept ? { kept: true } : {}),
    clusters: named ? clustersOf(view) : [],
  };
}

/**
 * Silent, frozen, Held and lone clusters do not count; a return judges nobody alone. Where nobody else is left, lone
 * clusters that came to be healthy on the release stand in, so that the fix of a release that made an environment's only
 * cluster sick is not held for ever.
 */
export function clustersOf({ plan, input, kind }: UnitView): ClusterEvidence[] {
  const inputs = new Map(input?.clusters.map((cluster) => [cluster.cluster, cluster]));
  const found = (plan?.clusters ?? []).flatMap((view) => {
    const cluster = inputs.get(view.cluster);
    if (cluster?.wave === undefined || cluster.goal.kind === 'Nothing') return [];
    const silent: Reason | undefined = cluster.connection === 'Connected' ? undefined : 'ClusterSilent';
    const out = cluster.held?.reason ?? silent;
    const lone = out === undefined && view.alone && kind !== 'Return' ? view.reason : undefined;
    const { goal, given } = cluster;
    const onGoal = goal.kind === 'Bundle' && given?.bundle === goal.bundle;
    const sinceMs = onGoal ? answerOf(cluster)?.healthySinceMs : undefined;
    return [{ cluster: view.cluster, out, lone, healthy: sinceMs === undefined ? {} : { healthySinceMs: sinceMs } }];
  });
  const counts = found.some(({ out, lone }) => out === undefined && lone === undefined);
  return found.map(({ cluster, out, lone, healthy }): ClusterEvidence => {
    const standsIn = !counts && lone !== undefined && 'healthySinceMs' in healthy;
    const excluded = out ?? (standsIn ? undefined : lone);
    return excluded === undefined ? { cluster, ...healthy } : { cluster, excluded };
  });
}
