export { decodeAgentMessage, encodeAgentMessage } from './agent.ts';
export { enrollment } from './enrollment.ts';
export { decodeHubMessage, encodeHubMessage } from './hub.ts';
export { limits } from './limits.ts';
export { natsCodec, type Frame, type FrameBody, type StreamRecord } from './nats.ts';
export { connectPath } from './service.ts';
