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
  by: { readonly gates: readonly Gate[]; readonly evidence: GateEvidence; readonly verdicts: readonly Verdict[] },
): GatesRecord | undefined {
  const { gates, evidence, verdicts } = by;
  if (gates.length === 0 || clustersIn(evidence) > mostClusters) return undefined;
  const judged = gates.map((gate) => ({ gate, evidence: needed(gate, handedTo(gate, evidence)) }));
  return { kind: 'Gates', input: { candidate, gates: judged }, decided: { verdicts } };
}

/** Of all teams only those that the gate names: a record is for others to read. */
function needed(gate: Gate, evidence: GateEvidence): GateEvidence {
  if (!('approval' in gate)) return evidence;
  const { approvals } = evidence;
  const named = Object.entries(approvals.teams).filter(([team]) => gate.approval.from?.includes(team));
  return { ...evidence, approvals: { ...approvals, teams: Object.fromEntries(named) } };
}

/** What this version says of the same. */
export function replayGates({ input }: GatesRecord): GatesRecord['decided'] {
  return { verdicts: input.gates.map(({ gate, evidence }) => judgeGate(gate, evidence as GateEvidence)) };
}

function clustersIn({ predecessors, dependencies }: GateEvidence): number {
  return [...predecessors, ...Object.values(dependencies)].reduce((sum, { clusters }) => sum + clusters.length, 0);
}
