import type { Gate } from '@fairlead/core/model';
import { handedTo, judgeGate } from './judge.ts';
import type { GateEvidence, Verdict } from './verdict.ts';

/** A gate, and what it was handed. */
interface Judged {
  readonly gate: Gate;
  readonly evidence: Partial<GateEvidence>;
}

/** The verdicts on one candidate with everything that each gate went by: judged again, they come to the same. Plain JSON. */
export interface GatesRecord {
  readonly kind: 'Gates';
  readonly input: { readonly candidate: string; readonly gates: readonly Judged[] };
  readonly decided: { readonly verdicts: readonly Verdict[] };
}

/** Of more clusters a record would be larger than anybody reads. */
const mostClusters = 200;

/** The record of verdicts; undefined where there are none, or where what they rest on is too large to keep. */
export function recordGates(
  candidate: string,
  { gates, evidence }: { readonly gates: readonly Gate[]; readonly evidence: GateEvidence },
): GatesRecord | undefined {
  if (gates.length === 0 || clustersIn(evidence) > mostClusters) return undefined;
  const judged = gates.map((gate) => ({ gate, evidence: handedTo(gate, evidence) }));
  return { kind: 'Gates', input: { candidate, gates: judged }, decided: verdictsOn(judged) };
}

/** What this version says of the same. */
export function replayGates({ input }: GatesRecord): GatesRecord['decided'] {
  return verdictsOn(input.gates);
}

function verdictsOn(judged: readonly Judged[]): GatesRecord['decided'] {
  return { verdicts: judged.map(({ gate, evidence }) => judgeGate(gate, evidence as GateEvidence)) };
}

function clustersIn({ predecessors, dependencies }: GateEvidence): number {
  return [...predecessors, ...Object.values(dependencies)].reduce((sum, { clusters }) => sum + clusters.length, 0);
}
