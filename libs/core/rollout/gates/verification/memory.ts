import type { ClusterName, CommitSha, Digest, Reason, VerificationGate } from '@fairlead/core/model';

/** A verification that is under way: one Job in one cluster of an environment. */
export interface VerificationRun {
  /** Key of the candidate that is verified. */
  readonly candidate: string;
  readonly release: { readonly digest: Digest; readonly version: string };
  readonly gate: VerificationGate;
  readonly cluster: ClusterName;
  readonly bundle: Digest;
  /** The attempt by which the environment runs the candidate. */
  readonly attempt: CommitSha;
  /** How many Jobs failed before this one. */
  readonly failures: number;
  /** When this Job was decided on. Milliseconds since 1970. */
  readonly sinceMs: number;
  /** `Clearing`: what an earlier Job left in the cluster goes first. `Running`: the cluster is given the Job. */
  readonly phase: 'Clearing' | 'Running';
}

/** What a verification came to; it stays so. */
export interface VerificationVerdict {
  readonly candidate: string;
  /** {@link verificationKey} of the gate. */
  readonly gate: string;
  readonly outcome: 'Passed' | 'Failed';
  readonly message: string;
}

/** Why a verification cannot begin now. */
export interface VerificationTrouble {
  readonly candidate: string;
  readonly gate: string;
  readonly reason: Reason;
  readonly message: string;
}

/** What is kept of the verifications in one environment; one runs at a time, so that two never want the same objects. */
export interface VerificationMemory {
  readonly run?: VerificationRun;
  readonly troubles?: readonly VerificationTrouble[];
  /** Newest last. */
  readonly verdicts: readonly VerificationVerdict[];
}

/** So many verdicts are kept of an application in an environment. */
const keptVerdicts = 20;

/** Names what a gate asks for among the verifications of one candidate; a changed gate asks anew. */
export function verificationKey(gate: VerificationGate): string {
  return JSON.stringify(gate);
}

/** The memory with a verdict for its run, which is over by that. */
export function withVerdict(
  { run, verdicts }: VerificationMemory,
  { outcome, message }: Pick<VerificationVerdict, 'outcome' | 'message'>,
): VerificationMemory {
  if (run === undefined) return { verdicts };
  const verdict = { candidate: run.candidate, gate: verificationKey(run.gate), outcome, message };
  return { verdicts: [...verdicts, verdict].slice(-keptVerdicts) };
}
