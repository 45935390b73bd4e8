import { judgeAnswer, type AskingGate } from '../answer.ts';
import type { GateKind } from '../verdict.ts';

/** `metric`: the answer of Prometheus to a query says whether the candidate may enter. */
export const metric: GateKind<'answers'> = {
  kind: 'metric',
  uses: ['answers'],
  judge: (gate, evidence) => judgeAnswer(gate as AskingGate, evidence),
};
