import { judgeAnswer, type AskingGate } from '../answer.ts';
import type { GateKind } from '../verdict.ts';

/** `commitStatus`: the forge says whether the commit that the candidate was made of is good. */
export const commitStatus: GateKind<'answers'> = {
  kind: 'commitStatus',
  uses: ['answers'],
  judge: (gate, evidence) => judgeAnswer(gate as AskingGate, evidence),
};
