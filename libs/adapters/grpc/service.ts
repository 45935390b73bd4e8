import type { ServiceDefinition } from '@grpc/grpc-js';
import { connectPath, limits } from '@fairlead/wire';

const asIs = (bytes: Buffer): Buffer => bytes;

/** The one method, on bytes: encoding and its errors are ours. */
export const gatewayService: ServiceDefinition = {
  Connect: {
    path: connectPath,
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};

/**
 * Options of both ends. Retries would double a stream; channelz keeps a trace of every call; a ping every two minutes
 * finds half-open connections for about 2 KB an hour.
 */
export const channelOptions = {
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.keepalive_time_ms': 120_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.max_receive_message_length': limits.messageBytes,
  'grpc.max_send_message_length': limits.messageBytes,
} as const;
