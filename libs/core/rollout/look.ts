import { durationMs, type ClusterName } from '@fairlead/core/model';
import type { Report, RolloutCluster, RolloutInput, RolloutMemory } from './types.ts';

/** A cluster with what follows from its row, its report and the rollout's memory. */
export interface View {
  readonly of: RolloutCluster;
  readonly name: ClusterName;
  /** It was given what it should run. */
  readonly onGoal: boolean;
  /** It runs what it was given, in sync and healthy, and is heard. */
  readonly healthy: boolean;
  /** Giving it something else takes it out of service, which needs a free slot. */
  readonly inService: boolean;
  /** In service, or taken out by what it was given a moment ago: what comes next is to blame if it fails. */
  readonly wasHealthy: boolean;
  readonly silent: boolean;
  /** The store was lost and the cluster has not spoken since. */
  readonly unseen: boolean;
  /** Given something within progressDeadline, and not healthy on it yet. */
  readonly inFlight: boolean;
  /** This rollout gave it what it should run, as far as that is known. */
  readonly reached: boolean;
  /** A wave of this rollout took it out of service, whatever it should run by now: until it is healthy it holds a slot. */
  readonly counted: boolean;
  /** New, relabelled, catching up, sick before or forgiven: spends no budget and stops nobody. */
  readonly alone: boolean;
}

/** What every view needs beside its cluster. */
export interface Scene {
  readonly input: RolloutInput;
  readonly memory: RolloutMemory;
  readonly progressDeadlineMs: number;
}

/** Milliseconds of a duration that its schema has checked. */
export function checkedMs(text: string): number {
  return durationMs(text) ?? 0;
}

/** Looks at one cluster. */
export function lookAt(of: RolloutCluster, scene: Scene): View {
  const { input, progressDeadlineMs } = scene;
  const inGrace = input.graceUntilMs !== undefined && input.nowMs < input.graceUntilMs;
  const unseen = !of.seen && inGrace;
  const silent = of.connection !== 'Connected' || !of.seen;
  const onGoal = isOnGoal(of);
  const healthy = !silent && isHealthy(of);
  const inFlight =
    of.given !== undefined && !healthy && !unseen && input.nowMs - of.given.assignedAtMs < progressDeadlineMs;
  const untouched = of.given === undefined && input.first && !silent;
  const inService = (healthy && of.given !== undefined) || untouched;
  const wasHealthy = inService || (inFlight && of.given?.healthyBefore !== false);
  const byAttempt = of.given?.attempt === input.attempt && since(of, scene);
  const reached = (onGoal || isDoubted(of)) && byAttempt;
  const counted = byAttempt && isCounted(of, scene);
  const facts = { of, name: of.cluster, onGoal, healthy, inService, wasHealthy, silent, unseen, inFlight, reached };
  return { ...facts, counted, alone: isAlone(facts, scene) };
}

/** True when what it was given is what it should run, whatever attempt brought it. */
function isOnGoal(of: RolloutCluster): boolean {
  if (of.goal.kind === 'Unknown' || of.given?.elsewhere === true) return false;
  if (of.goal.kind === 'Bundle') return of.given?.bundle === of.goal.bundle;
  return of.given === undefined ? of.report === undefined : of.given.bundle === undefined;
}

/** What it was given can no longer be held against what it should run; who was reached by it stays so. */
function isDoubted({ goal, given }: RolloutCluster): boolean {
  return goal.kind === 'Unknown' && given?.bundle !== undefined && !given.elsewhere;
}

function isHealthy(of: RolloutCluster): boolean {
  const { given, report } = of;
  if (given?.bundle === undefined) return given?.unanswered !== true && report === undefined;
  return answerOf(of)?.healthySinceMs !== undefined;
}

/** What a cluster says of the bundle that it was given last; undefined while it has said nothing of it since. */
export function answerOf({ given, report }: Pick<RolloutCluster, 'given' | 'report'>): Report | undefined {
  if (given?.bundle === undefined || given.unanswered === true) return undefined;
  return report?.bundle === given.bundle ? report : undefined;
}

/** In a later change, what the attempt's own rollout gave does not count as given by it. */
function since(of: RolloutCluster, scene: Scene): boolean {
  return scene.memory.kind !== 'Change' || (of.given?.assignedAtMs ?? 0) >= scene.memory.beganAtMs;
}

function isCounted({ cluster, given, wave }: RolloutCluster, { memory }: Pick<Scene, 'memory'>): boolean {
  if (given?.wave === undefined || given.healthyBefore === false || given.elsewhere) return false;
  return wave !== undefined && !memory.forgiven.includes(cluster);
}

function isAlone(view: Omit<View, 'alone' | 'counted'>, { input, memory }: Scene): boolean {
  const { of } = view;
  if (of.wave === undefined || memory.forgiven.includes(view.name)) return true;
  if (view.reached) return !isCounted(of, { memory });
  if (view.onGoal) return !view.wasHealthy;
  if (of.given?.elsewhere === true || isLate(view, memory)) return true;
  const joined = of.given === undefined && !input.first && of.goal.kind === 'Bundle';
  if (joined) return true;
  return !view.wasHealthy && !view.silent;
}

/** Its wave is over, or left it out for its silence: it catches up. */
function isLate(view: Pick<View, 'of' | 'name'>, memory: RolloutMemory): boolean {
  const wave = memory.waves.find((candidate) => candidate.name === view.of.wave);
  return wave !== undefined && (wave.over || wave.skipped.includes(view.name));
}
