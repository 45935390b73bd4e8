import type { Gate } from '@fairlead/core/model';
import type { GateEvidence, Verdict } from './verdict.ts';

/** A gate that asks a server outside. */
export type AskingGate = Extract<Gate, { check: unknown } | { metric: unknown }>;

/** Names the question of a gate among those of one candidate; a changed gate is another question. */
export function questionKey(gate: AskingGate): string {
  return JSON.stringify(gate);
}

/**
 * What the last answer to a gate's question says. An answer is good until it is asked anew: one that is older, or that was
 * never given, is unknown.
 */
export function judgeAnswer(gate: AskingGate, { nowMs, answers }: Pick<GateEvidence, 'nowMs' | 'answers'>): Verdict {
  const kind = 'check' in gate ? 'check' : 'metric';
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
  return { ...about, ...look, verdict: 'Unknown', reason: 'GateUnknown', trailer: `${kind} unknown` };
}
