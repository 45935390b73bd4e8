export type { AgentChannel, AgentListener, Caller, ChannelHandler, HubConnection, HubLink } from './port.ts';
