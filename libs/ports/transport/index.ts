export { memoryTransport, type MemoryTransport } from './fake.ts';
export type { AgentChannel, AgentListener, Caller, ChannelHandler, HubConnection, HubLink } from './port.ts';
