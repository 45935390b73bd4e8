import { verificationOf, type ClusterName, type JsonObject } from '@fairlead/core/model';
import { keyOfRelease } from '@fairlead/core/releases';
import {
  timeLeftMs,
  verificationKey,
  type VerificationMemory,
  type VerificationRun,
  type VerificationTrouble,
} from '@fairlead/core/rollout';
import type { AssignmentRow, Change } from '@fairlead/ports/store';
import type { VerificationWant } from '../asks.ts';
import { whyDoubt } from '../departures.ts';
import { clustersOf } from '../evidence.ts';
import type { UnitView } from '../observe.ts';
import type { Round } from '../round.ts';
import { successorsOf } from '../units.ts';
import type { VerificationView } from './evidence.ts';
import { verificationsKey } from './look.ts';
import { verificationRows } from './rows.ts';

/** What a unit's verifications come to in a round. */
export interface VerificationOutcome {
  readonly rows: readonly AssignmentRow[];
  readonly changes: readonly Change[];
  readonly recheckAfterMs: number | undefined;
}

/** How soon it is tried again to begin what could not begin. */
const retryAfterMs = 30_000;
/** How soon it is looked again whether a cluster has taken a Job away. */
const clearedMs = 10_000;

/** Begins and ends the verifications that the next environments ask of this one, and takes away what none of them is. */
export async function carryOutVerifications(round: Round, view: UnitView): Promise<VerificationOutcome> {
  const seen = await round.verifications(view.unit);
  // Documents that are wrong take no Job away (I7), and begin none.
  if (seen === undefined || whyDoubt(round.snapshot, view.unit) !== undefined)
    return { rows: [], changes: [], recheckAfterMs: undefined };
  const memory = freed(await begun(round, { view, seen }), seen);
  const rows = verificationRows(round, { view, seen, run: memory.run });
  return {
    rows,
    changes: [...keep(seen, { memory, rows }), ...linesOf(round, { seen, memory })],
    recheckAfterMs: lookAgainMs(round, { seen, memory }),
  };
}

/** A Job that ends, or is gone, is heard of; this is for what is not. */
function lookAgainMs(
  { nowMs, hearsSinceMs = 0 }: Round,
  { seen, memory }: { readonly seen: VerificationView; readonly memory: VerificationMemory },
): number | undefined {
  const { run, troubles } = memory;
  if (run === undefined) return troubles && retryAfterMs;
  const times = [timeLeftMs(run, { nowMs, hearsSinceMs }), seen.silentAfterMs, run.phase === 'Clearing' && clearedMs];
  return Math.max(1, Math.min(...times.filter((ms) => typeof ms === 'number')));
}

/** Begins the first that can begin, where nothing runs; what cannot says why. */
async function begun(
  round: Round,
  { view, seen }: { readonly view: UnitView; readonly seen: VerificationView },
): Promise<VerificationMemory> {
  const { verdicts, run } = seen.memory;
  if (run !== undefined) return { run, verdicts };
  const troubles: VerificationTrouble[] = [];
  for (const want of await openWants(round, seen)) {
    const found = await runOf(round, { view, want });
    if (!('reason' in found)) return { run: found, verdicts };
    troubles.push(found);
  }
  return troubles.length === 0 ? { verdicts } : { verdicts, troubles };
}

/** What the next environments want of the candidate that is here, each once, in the order of the pipeline. */
async function openWants(
  round: Round,
  { unit, release, memory: { verdicts } }: VerificationView,
): Promise<readonly VerificationWant[]> {
  if (release === undefined) return [];
  const candidate = keyOfRelease(release);
  const entries = await Promise.all(successorsOf(round.snapshot, unit).map((at) => round.entry(at.unit)));
  const wants = entries
    .flatMap((entry) => entry?.wants ?? [])
    .filter((want) => keyOfRelease(want.release) === candidate);
  const open = wants.filter(({ gate }) =>
    verdicts.every((verdict) => verdict.candidate !== candidate || verdict.gate !== verificationKey(gate)),
  );
  return [...new Map(open.map((want) => [verificationKey(want.gate), want])).values()];
}

/** The run of a verification in the first cluster that counts, or why there is none. */
async function runOf(
  round: Round,
  { view, want: { release, gate } }: { readonly view: UnitView; readonly want: VerificationWant },
): Promise<VerificationRun | VerificationTrouble> {
  const { unit, attempt } = view;
  const about = { candidate: keyOfRelease(release), gate: verificationKey(gate) };
  const [cluster] = clustersOf(view)
    .filter(({ excluded, healthySinceMs }) => excluded === undefined && healthySinceMs !== undefined)
    .map((one) => one.cluster)
    .sort();
  if (cluster === undefined || attempt === undefined) {
    const message = `no cluster of ${unit.environment} that counts runs the release in sync and healthy.`;
    return { ...about, reason: 'GateUnknown', message };
  }
  const { path } = gate.verification;
  const goal = await round.goals.verification({ snapshot: round.snapshot, unit, release, cluster, path });
  if (goal.kind === 'Unknown') return { ...about, ...goal.trouble };
  if (goal.kind === 'Nothing') return { ...about, reason: 'RenderEmpty', message: `${path} gave nothing.` };
  const { digest, version } = release;
  const { bundle } = goal;
  const candidate = about.candidate;
  const made = { candidate, release: { digest, version }, gate, cluster, bundle, attempt };
  return { ...made, failures: 0, sinceMs: round.nowMs, phase: 'Clearing' };
}

/** A run goes on once nothing of an earlier one is left in its cluster. */
function freed(memory: VerificationMemory, { slots }: VerificationView): VerificationMemory {
  const { run } = memory;
  if (run?.phase !== 'Clearing' || (slots.get(run.cluster) ?? 'Empty') !== 'Empty') return memory;
  return { ...memory, run: { ...run, phase: 'Running' } };
}

/** The fact stays until nothing is left in any cluster: without it nobody would look. */
function keep(
  { unit, before, slots }: VerificationView,
  { memory, rows }: { readonly memory: VerificationMemory; readonly rows: readonly AssignmentRow[] },
): Change[] {
  const key = verificationsKey(unit.key);
  const isClear = rows.length === 0 && [...slots.values()].every((slot) => slot === 'Empty');
  const { run, troubles, verdicts } = memory;
  if (run === undefined && troubles === undefined && verdicts.length === 0 && isClear)
    return before === undefined ? [] : [{ drop: 'fact', key }];
  if (JSON.stringify(before) === JSON.stringify(memory)) return [];
  return [{ put: 'fact', key, value: memory as unknown as JsonObject }];
}

/** A line of the journal for what began, and for each verdict. */
function linesOf(
  { nowMs }: Round,
  {
    seen: { unit, before, memory: settled },
    memory,
  }: { readonly seen: VerificationView; readonly memory: VerificationMemory },
): Change[] {
  const { application, environment } = unit;
  const line = (
    cluster: ClusterName | undefined,
    about: { reason: 'RanToItsEnd' | 'VerificationFailed' | 'WaitsForVerification'; message: string },
  ): Change => ({
    put: 'event',
    row: { atMs: nowMs, type: 'Verification', ...about, application, environment, ...(cluster && { cluster }) },
  });
  const ended = before?.run;
  const verdict = ended !== undefined && settled.run === undefined ? settled.verdicts.at(-1) : undefined;
  const isNew = verdict !== undefined && verdict !== before?.verdicts.at(-1);
  const begins =
    memory.run?.phase === 'Running' && (ended?.phase !== 'Running' || ended.sinceMs !== memory.run.sinceMs);
  const path = memory.run?.gate.verification.path;
  const given = `A Job of ${path} verifies ${memory.run?.release.version} in ${verificationOf(application)}.`;
  return [
    ...(isNew
      ? [
          line(ended?.cluster, {
            reason: verdict.outcome === 'Passed' ? 'RanToItsEnd' : 'VerificationFailed',
            message: verdict.message,
          }),
        ]
      : []),
    ...(begins ? [line(memory.run?.cluster, { reason: 'WaitsForVerification', message: given })] : []),
  ];
}
