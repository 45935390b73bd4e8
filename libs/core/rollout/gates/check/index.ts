import { judgeAnswer, type AskingGate } from '../answer.ts';
import type { GateKind } from '../verdict.ts';

/** `check`: a server says over HTTP whether the candidate may enter. */
export const check: GateKind<'answers'> = {
  kind: 'check',
  uses: ['answers'],
  judge: (gate, evidence) => judgeAnswer(gate as AskingGate, evidence),
};
