export { makeCsr, newAgentKey, type AgentKey } from './agent.ts';
export type { KeyPair } from './certificates.ts';
export { extendTrust, verifyHead } from './heads.ts';
export { adminTokenFile, openKeys, type HubKeys, type KeyOptions } from './hub.ts';
