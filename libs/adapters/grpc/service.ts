import { constants, type IncomingHttpHeaders } from 'node:http2';
import { connectPath } from '@fairlead/wire';

/** What travels: Protocol Buffers in the framing of gRPC. */
export const contentType = 'application/grpc+proto';

/** Headers of the one call, as an agent makes it (gRPC over HTTP/2, "Request-Headers"). */
export const callHeaders = {
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: connectPath,
  [constants.HTTP2_HEADER_TE]: 'trailers',
  [constants.HTTP2_HEADER_CONTENT_TYPE]: contentType,
} as const;

/**
 * What is common to both ends: nothing is pushed, and headers are not remembered from one call to the next, for a
 * connection has one call in its life.
 */
export const commonSettings = { enablePush: false, headerTableSize: 0, maxHeaderListSize: 16_384 } as const;

/** True for a call of ours, by any client of gRPC. */
export function isOurCall(headers: IncomingHttpHeaders): boolean {
  return headers[constants.HTTP2_HEADER_PATH] === connectPath;
}

/** True for what gRPC calls a request; anything else gets an answer of HTTP. */
export function isGrpc(headers: IncomingHttpHeaders): boolean {
  const type = headers[constants.HTTP2_HEADER_CONTENT_TYPE];
  return (
    headers[constants.HTTP2_HEADER_METHOD] === 'POST' &&
    typeof type === 'string' &&
    /^application\/grpc(\+proto)?(;|$)/.test(type)
  );
}
