import type { Traced } from '@fairlead/core/model';
import { limits } from './limits.ts';
import { text, unreadable } from './scalars.ts';

/** Reads the trace context of an envelope. */
export function traceFrom(traceparent: string | undefined): Traced {
  if (traceparent === undefined) return {};
  return { traceparent: text(traceparent, { path: 'traceparent', most: 128 }) };
}

/** Writes the trace context of a message. */
export function traceTo({ traceparent }: Traced): Traced {
  return traceparent === undefined ? {} : { traceparent };
}

/** Holds the bound of one message before it is sent. */
export function encoded(bytes: Uint8Array, type: string): Uint8Array {
  if (bytes.length > limits.messageBytes)
    throw unreadable(type, `${bytes.length} bytes, and the limit is ${limits.messageBytes}`);
  return bytes;
}

/** Holds the bound of one message before it is parsed, and gives broken bytes our error. */
export function decoded<T>(bytes: Uint8Array, parse: (bytes: Uint8Array) => T): T {
  if (bytes.length > limits.messageBytes)
    throw unreadable('message', `${bytes.length} bytes, and the limit is ${limits.messageBytes}`);
  try {
    return parse(bytes);
  } catch {
    throw unreadable('message', `${bytes.length} bytes that are no message`);
  }
}
