export { grpcLink, type GrpcLinkOptions } from './link.ts';
export { grpcListener, type GrpcListenerOptions } from './listener.ts';
export { tlsSessions, type TlsSessions } from './sessions.ts';
