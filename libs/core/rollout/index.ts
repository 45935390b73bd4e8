export {
  decisionKey,
  inputTroublePrefix,
  needsHand,
  recordKey,
  recordsPrefix,
  standingsKey,
  type Decided,
  type Standing,
} from './decided.ts';
export { recordRollout, replayRollout, type RecordedPlan, type RolloutRecord } from './record.ts';
export { answerOf } from './look.ts';
export { planRollout } from './planRollout.ts';
export { restWave, wavesOf } from './waves.ts';
export type {
  Assign,
  ClusterView,
  Given,
  Goal,
  Report,
  RolloutCluster,
  RolloutCounts,
  RolloutInput,
  RolloutKind,
  RolloutMemory,
  RolloutPlan,
  Trouble,
  WaveMemory,
  WaveView,
} from './types.ts';
export { judgeGate, looksBack } from './gates/judge.ts';
export { recordGates, replayGates, type GatesRecord } from './gates/record.ts';
export { askingPatience, questionKey, type AskingGate } from './gates/answer.ts';
export { whyNotCounted, type ApprovalGate } from './gates/approval/index.ts';
export { mayBeSame } from './gates/approval/people.ts';
export { judgeWindows } from './gates/window/index.ts';
export {
  verificationKey,
  type VerificationMemory,
  type VerificationRun,
  type VerificationTrouble,
} from './gates/verification/memory.ts';
export { settleVerification, timeLeftMs, type RunSight, type Slot } from './gates/verification/settle.ts';
export { tellVerification } from './gates/verification/tell.ts';
export type {
  Answer,
  ApprovalEvidence,
  DependencyEvidence,
  ClusterEvidence,
  EnvironmentEvidence,
  GateEvidence,
  GateKind,
  Person,
  Verdict,
  VerificationEvidence,
} from './gates/verdict.ts';
