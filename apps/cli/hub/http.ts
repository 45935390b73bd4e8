import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { FairleadError } from '@fairlead/core/model';
import type { Profile } from './profile.ts';

/** Bounds of a call. */
export interface Bounds {
  /** Until the connection stands. */
  readonly connectMs: number;
  /** Without a byte of the answer. */
  readonly answerMs: number;
  readonly maxBytes: number;
}

/** The usual bounds: a hub on a laptop may be busy, a person waits. */
export const bounds: Bounds = { connectMs: 5_000, answerMs: 30_000, maxBytes: 64 * 1024 * 1024 };

/** One call. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Opens a call over TLS with the profile's authority pinned; resolves when the head of the answer is there. */
export function open(hub: Profile, call: Call, limits: Bounds = bounds): Promise<IncomingMessage> {
  const url = addressOf(hub.server, call.path);
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: call.method,
        agent: false,
        ...(hub.caPem === undefined ? {} : { ca: hub.caPem }),
        ...(call.signal ? { signal: call.signal } : {}),
        timeout: limits.answerMs,
        headers: {
          accept: 'application/json, application/problem+json',
          'user-agent': 'fairlead',
          ...(hub.token === undefined ? {} : { authorization: `Bearer ${hub.token}` }),
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...call.headers,
        },
      },
      resolve,
    );
    const connecting = setTimeout(() => sent.destroy(new Slow('no connection', limits.connectMs)), limits.connectMs);
    sent.on('socket', (socket) => socket.once('secureConnect', () => clearTimeout(connecting)));
    sent.on('timeout', () => sent.destroy(new Slow('no answer', limits.answerMs)));
    sent.on('error', (error) => reject(unreachable(hub, { error, signal: call.signal })));
    sent.on('close', () => clearTimeout(connecting));
    sent.end(body);
  });
}

/** The whole text of an answer. */
export async function readText(hub: Profile, answer: IncomingMessage, limits: Bounds = bounds): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > limits.maxBytes) throw new Error(`the answer is larger than ${limits.maxBytes} bytes`);
      pieces.push(piece);
    }
  } catch (thrown) {
    throw unreachable(hub, { error: thrown as Error, signal: undefined });
  }
  return Buffer.concat(pieces).toString('utf8');
}

class Slow extends Error {
  constructor(what: string, ms: number) {
    super(`${what} within ${ms / 1000} s`);
  }
}

function addressOf(server: string, path: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol === 'https:') return new URL(path, url);
  throw new FairleadError(
    `Cannot call the hub: its address is \`${server}\`. Give https://HOST:PORT; a token is not sent in the clear.`,
    { code: 'InvalidInput', reason: 'InvalidArgument', subject: { field: 'server' } },
  );
}

const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|EPROTO|SSL/;

function unreachable(
  hub: Profile,
  { error, signal }: { error: Error; signal: AbortSignal | undefined },
): FairleadError {
  if (signal?.aborted) {
    return new FairleadError('Cannot go on: the command was interrupted.', { code: 'Aborted', reason: 'Shutdown' });
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (untrusted.test(code)) {
    return new FairleadError(
      `Cannot trust the hub at ${hub.server}: its certificate is not what the profile expects (${code}). Run \`fairlead up\` again to write the profile anew, or give its ca.pem as FAIRLEAD_CA.`,
      { code: 'Unavailable', reason: 'HubUnreachable', retry: 'never', cause: error },
    );
  }
  const words: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'the name is unknown',
    ECONNRESET: 'the connection broke',
  };
  return new FairleadError(`Cannot reach the hub at ${hub.server}: ${words[code] ?? error.message}.`, {
    code: 'Unavailable',
    reason: 'HubUnreachable',
    retry: 'backoff',
    cause: error,
  });
}
