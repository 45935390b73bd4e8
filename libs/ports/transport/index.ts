export { memoryTransport, type MemoryTransport } from './fake.ts';
export { identityOf, type Identity, type TlsIdentity } from './identity.ts';
export type { AgentChannel, AgentListener, Caller, ChannelHandler, HubConnection, HubLink, OnBytes } from './port.ts';
