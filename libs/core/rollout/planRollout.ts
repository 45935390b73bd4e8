import type { Reason } from '@fairlead/core/model';
import { failureOf } from './judge.ts';
import type { View } from './look.ts';
import { walkReturn } from './returns.ts';
import { assignOf, because, namesOf, openRun, recheckAt, waitFor, type Run } from './run.ts';
import type { Assign, ClusterView, RolloutInput, RolloutPlan, Trouble, WaveView } from './types.ts';
import { catchUp, overBudget, walkWaves, wavesOf } from './waves.ts';

/**
 * Decides what an environment's clusters are given now, for one application, and why the others wait. Pure: the same
 * input gives the same plan, and giving what the plan says and asking again is how a rollout goes on. It promises that
 * no more than maxUnavailable available clusters are taken out at a time (I6), that nothing is given while the rollout
 * is halted, and that every plan says why it stands where it stands.
 */
export function planRollout(input: RolloutInput): RolloutPlan {
  const plan = decide(input);
  const ended = plan.state === 'Over' && !(input.memory?.attempt === input.attempt && input.memory.over);
  const waiting = plan.clusters.some((cluster) => cluster.state === 'Held' && cluster.reason === 'WaitsForSlot');
  // The end frees the slots of clusters that failed within the budget: whoever waited for one is looked at again.
  return ended && waiting ? decide({ ...input, memory: plan.memory }) : plan;
}

function decide(input: RolloutInput): RolloutPlan {
  const run = openRun(input);
  const { waves } = run.memory;
  holdByName(run);
  if (run.views.length === 0 && input.kind !== 'Withdrawal') return report(run, { state: 'Waiting', ...nobody });
  if (run.views.some((view) => view.unseen)) return waitUntilSeen(run);
  if (run.memory.halted !== undefined) return stayHalted(run);
  keepEqual(run);
  leave(run);
  if (run.total === 0 && input.kind !== 'Withdrawal') return report(run, { state: 'Waiting', ...whyNobody(run) });
  const over = run.memory.kind === 'Return' ? walkReturn(run) : walkWaves(run);
  const halt = overBudget(run) ? haltOf(run) : undefined;
  if (halt !== undefined) {
    const halted = { reason: halt.reason, message: halt.message, committed: false };
    // What the same pass did before it saw the failure does not count: nothing is given, and no wave ends or begins.
    run.memory = { ...run.memory, waves, halted };
    const quiet = run.assign.filter((assign) => assign.quiet);
    run.assign.splice(0, run.assign.length, ...quiet);
    run.waves.length = 0;
    return { ...report(run, { state: 'Halted', reason: halt.reason, message: halt.message }), halt };
  }
  if (over && someoneRuns(run)) return finish(run);
  giveFallback(run);
  return report(run, over ? { state: 'Waiting', ...whyNobodyRuns(run) } : progress(run));
}

const nobody = because('SelectorMatchesNothing', 'No cluster is selected; the rollout waits for one.');

/** Nobody is selected any more: clusters that left say why they keep what they run. */
function whyNobody(run: Run): Trouble {
  return [...run.waits.values()][0] ?? nobody;
}

function holdByName(run: Run): void {
  for (const view of run.views) {
    if (view.of.held !== undefined) waitFor(run, view, view.of.held);
    else if (view.of.goal.kind === 'Unknown' && !view.unseen) waitFor(run, view, view.of.goal.trouble);
  }
}

function waitUntilSeen(run: Run): RolloutPlan {
  const unseen = run.views.filter((view) => view.unseen);
  recheckAt(run, run.input.graceUntilMs ?? 0);
  keepEqual(run);
  const trouble = because(
    'NotSeenYet',
    `Nothing spreads before the fleet is seen again: ${namesOf(unseen.map((view) => view.name))} not yet.`,
  );
  for (const view of run.views) if (!view.onGoal) waitFor(run, view, trouble);
  return report(
    run,
    run.memory.halted === undefined ? { state: 'Waiting', ...trouble } : { state: 'Halted', ...run.memory.halted },
  );
}

function stayHalted(run: Run): RolloutPlan {
  const halted = run.memory.halted ?? nobody;
  giveFallback(run);
  for (const view of run.views) if (!view.onGoal) waitFor(run, view, because('Halted', halted.message));
  const plan = report(run, { state: 'Halted', reason: halted.reason, message: halted.message });
  const uncommitted = run.memory.halted?.committed === false;
  return uncommitted ? { ...plan, halt: haltOf(run) } : plan;
}

/** Clusters whose bundle stays the same take the new attempt at once: nothing is disturbed. */
function keepEqual(run: Run): void {
  for (const view of run.views) {
    if (!view.onGoal || view.of.given === undefined || view.of.held !== undefined) continue;
    if (view.of.given.attempt !== run.input.attempt && view.of.goal.kind === 'Bundle') {
      run.assign.push(assignOf(view, { wave: view.alone ? undefined : view.of.wave, quiet: true }));
    }
  }
}

/** Clusters that left the environment are judged alone, within the same limits. */
function leave(run: Run): void {
  for (const view of run.views) if (view.of.wave === undefined) catchUp(run, view);
}

/** A cluster that has nothing of the application and whose wave is ahead gets the fallback until then; in a change, the goal. */
function giveFallback(run: Run): void {
  const assigned = new Set(run.assign.map(({ cluster }) => cluster));
  for (const view of run.views) {
    const { fallback, given, held } = view.of;
    if (given !== undefined || held !== undefined || view.of.goal.kind === 'Nothing' || view.silent) continue;
    if (assigned.has(view.name)) continue;
    if (run.memory.kind === 'Change') catchUp(run, view);
    else if (fallback !== undefined)
      run.assign.push({ cluster: view.name, to: 'Fallback', healthyBefore: false, quiet: false });
    else if (run.memory.halted !== undefined)
      waitFor(
        run,
        view,
        because('NoFallback', 'The rollout is halted, and nothing has completed here to give instead.'),
      );
  }
}

function haltOf(run: Run): Trouble & { cause: Reason } {
  const spent = Object.entries(run.memory.spent);
  const cause = spent[0]?.[1] ?? 'FailureBudgetSpent';
  const words = `${spent.length} of at most ${run.failureBudget} clusters failed: ${namesOf(spent.map(([name, reason]) => `${name} (${reason})`))}.`;
  return { ...because('FailureBudgetSpent', words), cause };
}

function someoneRuns(run: Run): boolean {
  return run.memory.kind === 'Withdrawal' || run.memory.over || run.views.some((view) => view.onGoal && view.healthy);
}

function whyNobodyRuns(run: Run): Trouble {
  const first = [...run.waits.values()][0];
  return first ?? because('ClusterSilent', 'No cluster that counts runs the release yet.');
}

function finish(run: Run): RolloutPlan {
  if (!run.memory.over) run.memory = { ...run.memory, over: true, proven: {} };
  const words = run.memory.kind === 'Withdrawal' ? 'The application has left.' : 'Every cluster that counts runs it.';
  return report(run, { state: 'Over', ...because('RolledOut', words) });
}

/** The state of a rollout that goes on, in the words of its first wave that is not over. */
function progress(run: Run): Pick<RolloutPlan, 'state'> & Trouble {
  const wave = run.waves.find((candidate) => candidate.state !== 'Over');
  const moving = run.assign.some((assign) => !assign.quiet) || run.views.some((view) => view.reached && view.inFlight);
  if (wave === undefined) {
    const waiting = [...run.waits.values()][0];
    const stuck = run.views.find((view) => view.onGoal && !view.healthy && !view.inFlight);
    if (!moving && stuck !== undefined) {
      return { state: 'Waiting', ...because('ProgressDeadlineExceeded', `${stuck.name} is not healthy on it.`) };
    }
    if (!moving && waiting !== undefined) return { state: 'Waiting', ...waiting };
    return { state: 'Progressing', ...because('ReconcileInProgress', 'Clusters return, unhealthy ones first.') };
  }
  return { state: stateOf(wave, moving), reason: wave.reason, message: `Wave ${wave.name}: ${wave.message}` };
}

function stateOf(wave: WaveView, moving: boolean): RolloutPlan['state'] {
  if (wave.state === 'Soaking') return 'Soaking';
  return moving ? 'Progressing' : 'Waiting';
}

function report(run: Run, standing: Pick<RolloutPlan, 'state'> & Trouble): RolloutPlan {
  const failed = Object.keys(run.memory.spent).length;
  const given = new Map(run.assign.filter(({ quiet }) => !quiet).map((assign) => [assign.cluster, assign]));
  const shown = run.waves.length > 0 || run.memory.kind === 'Return' ? run.waves : idleWaves(run, standing);
  return {
    ...standing,
    assign: run.assign,
    waves: shown,
    clusters: run.views.map((view) => clusterView(run, { view, given: given.get(view.name) })),
    counts: {
      total: run.total,
      done: run.views.filter((view) => view.of.wave !== undefined && view.onGoal && view.healthy).length,
      unavailable: run.unavailable,
      maxUnavailable: run.maxUnavailable,
      failed,
      failureBudget: run.failureBudget,
    },
    failing: run.views.some((view) => view.onGoal && isFailing(run, view)),
    memory: run.memory,
    ...(run.rechecksMs.length === 0 ? {} : { recheckAfterMs: Math.min(...run.rechecksMs) }),
  };
}

/** Unhealthy past progressDeadline, though it counts. */
function isFailing(run: Run, view: View): boolean {
  if (view.alone || view.silent || view.of.held !== undefined || view.healthy) return false;
  const badSinceMs = run.memory.over ? view.of.report?.sinceMs : run.memory.proven[view.name];
  return failureOf(view, { run, badSinceMs }) !== undefined;
}

/** The waves as they stand while nothing walks them, such as in a halt. */
function idleWaves(run: Run, trouble: Trouble): WaveView[] {
  return wavesOf(run.input.policy.waves).map(({ name }) => {
    const members = run.views.filter((view) => view.of.wave === name);
    const kept = run.memory.waves.find((memory) => memory.name === name);
    const counting = members.filter((view) => !view.alone && view.of.held === undefined);
    return {
      name,
      state: kept === undefined ? 'Ahead' : kept.over ? 'Over' : 'Open',
      total: members.length,
      counting: counting.length,
      done: members.filter((view) => view.onGoal && view.healthy).length,
      inProgress: counting.filter((view) => view.reached && !view.healthy).length,
      maxConcurrent: 0,
      reason: trouble.reason,
      message: trouble.message,
    };
  });
}

function clusterView(run: Run, { view, given }: { view: View; given: Assign | undefined }): ClusterView {
  const head = { cluster: view.name, ...(view.of.wave === undefined ? {} : { wave: view.of.wave }), alone: view.alone };
  const spent = run.memory.spent[view.name];
  if (spent !== undefined)
    return { ...head, state: 'Failed', ...because(spent, `It failed on this release: ${spent}.`) };
  if (view.onGoal && view.healthy)
    return { ...head, state: 'Done', ...because('RolledOut', 'It runs what it should.') };
  if (given?.to === 'Fallback')
    return { ...head, state: 'Assigned', ...because('WaitsForWave', 'It runs the fallback until its wave.') };
  if (given !== undefined || view.onGoal) return { ...head, state: 'Assigned', ...standingOf(view) };
  const wait = run.waits.get(view.name) ?? because('WaitsForWave', 'It waits for its turn.');
  return { ...head, state: 'Held', reason: wait.reason, message: wait.message };
}

function standingOf(view: View): Trouble {
  if (view.silent && view.onGoal) return because('ClusterSilent', 'It was given this and is silent.');
  const report = view.of.report;
  if (!view.onGoal || report === undefined || report.bundle !== view.of.given?.bundle) {
    return because('Assigned', 'It was given this and has not answered yet.');
  }
  return because(report.reason, `It reports ${report.sync} and ${report.health}.`);
}
