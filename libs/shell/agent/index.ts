export { startAgent, type Agent, type AgentOptions } from './agent.ts';
export type { AgentIdentity, HubCalls, NatsUser, Pki } from './hub/calls.ts';
export { createIntake, type Intake, type IntakeState } from './hub/intake.ts';
export { createReporter, type LoopStatus, type Reporter } from './hub/reporter.ts';
export { runSession } from './hub/session.ts';
export { silentLog, type AgentLog } from './log.ts';
export type { AcceptedState } from './state/agentState.ts';
