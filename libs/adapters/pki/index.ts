export { makeCsr, newAgentKey, type AgentKey } from './agent.ts';
export {
  makeKeysApart,
  openApiKeys,
  openBlobKey,
  openGatewayKeys,
  openPlannerKeys,
  servedBy,
  type GatewayKeys,
  type ServedRole,
  type ServerKeys,
} from './apart.ts';
export type { KeyPair } from './certificates.ts';
export { extendTrust, verifyHead } from './heads.ts';
export { openKeys, type HubKeys, type KeyOptions } from './hub.ts';
export { adminTokenFile, newToken } from './making.ts';
export { peopleFolder, peopleIn } from './people.ts';
