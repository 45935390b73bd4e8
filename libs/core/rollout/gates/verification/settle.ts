import { durationMs, type VerificationGate } from '@fairlead/core/model';
import { isFinal } from '../../final.ts';
import type { Report } from '../../types.ts';
import type { Patience } from '../verdict.ts';
import { verificationKey, withVerdict, type VerificationMemory, type VerificationRun } from './memory.ts';

/** What is seen of a run. */
export interface RunSight {
  readonly nowMs: number;
  /** Since when the planner hears without a break: what it could not hear is held against nobody. */
  readonly hearsSinceMs: number;
  /** Key of the candidate that the environment names now; undefined for none, or while it is halted. */
  readonly candidate: string | undefined;
  /** {@link verificationKey} of the gates that still wait for an answer about that candidate. */
  readonly asked: ReadonlySet<string>;
  /** Git still gives the application to the cluster. */
  readonly isPlaced: boolean;
  readonly isConnected: boolean;
  /** What the cluster has of a verification by the planner's own rows. */
  readonly slot: Slot;
  /** What the agent says of it. */
  readonly report: (Pick<Report, 'bundle' | 'sync' | 'health' | 'reason'> & { readonly message: string }) | undefined;
}

/** `Given`: it is told to run one. `Leaving`: it is told to take it away. `Empty`: there is nothing of any. */
export type Slot = 'Given' | 'Leaving' | 'Empty';

/**
 * What the memory is once the run's end is seen. A run that nobody asks for any more, whose candidate the environment has
 * left, or whose cluster left or fell silent until its time was over, is forgotten: nothing is known by it. A Job that
 * failed is run anew as often as the gate allows.
 */
export function settleVerification(memory: VerificationMemory, sight: RunSight): VerificationMemory {
  const { run, verdicts } = memory;
  if (run === undefined) return memory;
  const isMeant = sight.candidate === run.candidate && sight.asked.has(verificationKey(run.gate)) && sight.isPlaced;
  if (!isMeant) return { verdicts };
  const isOver = timeLeftMs(run, sight) <= 0;
  if (!sight.isConnected) return isOver ? { verdicts } : memory;
  const { report } = sight;
  const isAnswer = run.phase === 'Running' && sight.slot === 'Given' && report?.bundle === run.bundle;
  if (isAnswer && report.sync === 'InSync' && report.health === 'Healthy') {
    const message = `The Job of ${run.gate.verification.path} passed in ${run.cluster}.`;
    return withVerdict(memory, { outcome: 'Passed', message });
  }
  const said = isAnswer && report.message !== '' ? `: ${report.message}` : '';
  if (isAnswer && report.health === 'Degraded')
    return failed(memory, { run, nowMs: sight.nowMs, why: `failed${said}` });
  if (isAnswer && isFinal(report)) return failed(memory, { run, nowMs: sight.nowMs, why: `cannot be applied${said}` });
  if (!isOver) return memory;
  return failed(memory, {
    run,
    nowMs: sight.nowMs,
    why: `was not done within ${run.gate.verification.timeout}${said}`,
  });
}

/** How long one Job may take, and how many follow one that failed. */
export function verificationPatience({ verification: { timeout, retries } }: VerificationGate): Patience {
  return { timeoutMs: durationMs(timeout) ?? 0, retries, retryAfterMs: 0 };
}

/** Milliseconds until a run's time is over. */
export function timeLeftMs(
  { gate, sinceMs }: Pick<VerificationRun, 'gate' | 'sinceMs'>,
  { nowMs, hearsSinceMs }: Pick<RunSight, 'nowMs' | 'hearsSinceMs'>,
): number {
  return Math.max(sinceMs, hearsSinceMs) + verificationPatience(gate).timeoutMs - nowMs;
}

function failed(
  memory: VerificationMemory,
  { run, nowMs, why }: { run: VerificationRun; nowMs: number; why: string },
): VerificationMemory {
  const { path } = run.gate.verification;
  const { retries } = verificationPatience(run.gate);
  const failures = run.failures + 1;
  if (failures <= retries) return { ...memory, run: { ...run, failures, sinceMs: nowMs, phase: 'Clearing' } };
  const tries = failures === 1 ? '' : ` That was try ${failures} of ${retries + 1}.`;
  const message = `The Job of ${path} in ${run.cluster} ${why.replace(/[.\s]+$/, '')}.${tries} Promote by hand, or release a fix.`;
  return withVerdict(memory, { outcome: 'Failed', message });
}
