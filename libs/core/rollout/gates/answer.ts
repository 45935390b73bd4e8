import { durationMs, type Gate } from '@fairlead/core/model';
import { kindOfGate, type GateEvidence, type GateKind, type Patience, type Verdict } from './verdict.ts';

/** A gate that asks a server outside, or the forge. */
export type AskingGate = Extract<Gate, { check: unknown } | { metric: unknown } | { commitStatus: unknown }>;

/** Names the question of a gate among those of one candidate; a changed gate is another question. */
export function questionKey(gate: AskingGate): string {
  return JSON.stringify(gate);
}

/**
 * What the last answer to a gate's question says. An answer is good until it is asked anew: one that is older, or that was
 * never given, is unknown.
 */
function judgeAnswer(gate: AskingGate, { nowMs, answers }: Pick<GateEvidence, 'nowMs' | 'answers'>): Verdict {
  const kind = kindOfGate(gate);
  const about = { gate: kind, excluded: [] };
  const key = questionKey(gate);
  const answer = Object.hasOwn(answers, key) ? answers[key] : undefined;
  if (answer === undefined || answer.goodUntilMs <= nowMs) {
    const before = answer === undefined ? '' : ` The last answer: ${answer.message}`;
    const message = `It is asked as soon as every other gate has passed.${before}`;
    return { ...about, verdict: 'Unknown', reason: 'GateUnknown', message, trailer: `${kind} unknown` };
  }
  const { outcome, message, goodUntilMs } = answer;
  const look = { message, recheckAfterMs: goodUntilMs - nowMs };
  if (outcome === 'Yes') return { ...about, ...look, verdict: 'Passed', reason: 'Entered', trailer: `${kind} ok` };
  if (outcome === 'No') return { ...about, ...look, verdict: 'Failed', reason: 'CheckSaysNo', trailer: `${kind} no` };
  if (outcome === 'NotYet')
    return { ...about, ...look, verdict: 'Waiting', reason: 'WaitsForStatus', trailer: `${kind} pending` };
  return { ...about, ...look, verdict: 'Unknown', reason: 'GateUnknown', trailer: `${kind} unknown` };
}

/** Between a question that was not answered and the next try. Milliseconds. */
const retryAfterMs = 5_000;

/** How patient a gate is with whom it asks. */
export function askingPatience(gate: AskingGate): Patience & { readonly everyMs: number } {
  const { timeout, retries, every } = 'check' in gate ? gate.check : 'metric' in gate ? gate.metric : gate.commitStatus;
  const everyMs = durationMs(every) ?? 0;
  return { timeoutMs: durationMs(timeout) ?? 0, retries, retryAfterMs: Math.min(retryAfterMs, everyMs), everyMs };
}

/** A kind of gate that goes by the last answer to its question alone. */
export function askingKind(kind: string): GateKind<'answers'> {
  return {
    kind,
    uses: ['answers'],
    patience: (gate) => askingPatience(gate as AskingGate),
    judge: (gate, evidence) => judgeAnswer(gate as AskingGate, evidence),
  };
}
