export { startAgent, type Agent, type AgentOptions } from './agent.ts';
export type { AgentIdentity, EnrollCall, HubCalls, IssuedIdentity, Pki, VerifyingKey } from './hub/calls.ts';
export { silentLog, type AgentLog } from './log.ts';
