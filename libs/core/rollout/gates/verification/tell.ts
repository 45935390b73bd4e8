import type { EnvironmentName, VerificationGate } from '@fairlead/core/model';
import type { VerificationEvidence } from '../verdict.ts';
import { verificationKey, type VerificationMemory, type VerificationRun } from './memory.ts';
import { timeLeftMs, type RunSight } from './settle.ts';

/** What is told of, and how it stands. */
export interface Told extends Pick<RunSight, 'nowMs' | 'hearsSinceMs'> {
  readonly environment: EnvironmentName;
  readonly candidate: string;
  readonly gate: VerificationGate;
  /** The environment names the candidate now, and is not halted. */
  readonly isNamed: boolean;
  /** The cluster of the run answers. */
  readonly isConnected: boolean;
}

/** What an environment says of a candidate's verification, by what is kept of it. */
export function tellVerification(
  { run, troubles = [], verdicts }: VerificationMemory,
  told: Told,
): VerificationEvidence {
  const { environment, candidate, isNamed } = told;
  const gate = verificationKey(told.gate);
  const isAbout = (one: { readonly candidate: string; readonly gate: string }): boolean =>
    one.candidate === candidate && one.gate === gate;
  const verdict = verdicts.findLast(isAbout);
  if (verdict !== undefined) return { environment, outcome: verdict.outcome, message: verdict.message };
  if (!isNamed) {
    const message = `${environment} does not name this release, so no Job can verify it there.`;
    return { environment, outcome: 'Elsewhere', message };
  }
  if (run !== undefined && isAbout({ candidate: run.candidate, gate: verificationKey(run.gate) }))
    return { environment, ...tellRun(run, told) };
  const trouble = troubles.find(isAbout);
  if (trouble !== undefined) {
    const { reason, message } = trouble;
    return { environment, outcome: 'Unknown', reason, message: `No Job can run in ${environment}: ${message}` };
  }
  const message =
    run === undefined
      ? `A Job runs in ${environment} as soon as every other gate has passed.`
      : `A Job runs in ${environment} as soon as every other gate has passed, and the one that runs there is over.`;
  return { environment, outcome: 'Open', message };
}

function tellRun(run: VerificationRun, told: Told): Omit<VerificationEvidence, 'environment'> {
  const { path, retries } = run.gate.verification;
  const recheckAfterMs = Math.max(1, timeLeftMs(run, told));
  const tries = retries === 0 ? '' : `, try ${run.failures + 1} of ${retries + 1}`;
  if (!told.isConnected) {
    const message = `The Job of ${path} was given to ${run.cluster}, which is silent.`;
    return { outcome: 'Unknown', reason: 'ClusterSilent', message, recheckAfterMs };
  }
  const left = `${Math.ceil(recheckAfterMs / 1000)} s of ${run.gate.verification.timeout} are left`;
  if (run.phase === 'Running') {
    return {
      outcome: 'Running',
      message: `The Job of ${path} runs in ${run.cluster}${tries}; ${left}.`,
      recheckAfterMs,
    };
  }
  const message = `The Job of ${path} waits until ${run.cluster} has taken the one before it away${tries}; ${left}.`;
  return { outcome: 'Running', message, recheckAfterMs };
}
