export { startAgent, type Agent, type AgentOptions } from './agent.ts';
export type { AgentIdentity, HubCalls, Pki } from './hub/calls.ts';
export { silentLog, type AgentLog } from './log.ts';
