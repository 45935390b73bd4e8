import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import { FairleadError } from '@fairlead/core/model';
import type { Identity } from '@fairlead/ports/cluster';
import type { HttpAnswer } from './answers.ts';
import type { Authorization } from './credentials.ts';
import { impersonation } from './identity.ts';

/** One call. */
export interface HttpCall {
  /** For messages and metrics: `apply`, `list`, … */
  readonly verb: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly identity: Identity;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly etag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a call cost, told when its answer is whole; of a watch when it opens. */
export interface RequestInfo {
  readonly verb: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** 0 if no answer came. */
  readonly status: number;
  readonly durationMs: number;
  readonly sentBytes: number;
  /** As read from the connection, before decompression. */
  readonly receivedBytes: number;
}

/** How to reach the server, and the bounds of every call. */
export interface WireOptions {
  readonly server: URL;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string };
  readonly authorization: Authorization;
  readonly userAgent: string;
  readonly maxSockets: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly maxAnswerBytes: number;
  readonly onRequest?: ((info: RequestInfo) => void) | undefined;
}

/** Connections to one API server. */
export interface Wire {
  /** Resolves with any status that the server answers; throws `Unavailable` where it does not, `Aborted` on the caller's signal. */
  exchange(call: HttpCall): Promise<HttpAnswer>;
  /** Opens a stream that may stay silent for `idleMs`; an answer other than 200 is read whole. */
  open(
    call: HttpCall,
    idleMs: number,
  ): Promise<{ status: 200; body: IncomingMessage } | (HttpAnswer & { status: number; body?: undefined })>;
  /** Ends all connections. */
  close(): void;
}

/** Marks the error of an answer that was larger than the bound, so that a list can ask for smaller pages. */
export const tooLarge = Symbol('the answer is larger than the bound');

/** Calls that wait for a connection beyond this are refused rather than queued. */
const mostWaiting = 4_096;
/** A connection idle for longer is closed by us, before a server or load balancer does it under a call. */
const idleConnectionMs = 20_000;
const watchSockets = 512;

interface Pools {
  readonly request: typeof httpsRequest;
  readonly calls: HttpAgent;
  readonly watches: HttpAgent;
}

/** Makes the connections; nothing is dialled before the first call. */
export function openWire(options: WireOptions): Wire {
  const pools = poolsOf(options);
  let waiting = 0;
  const once = async (call: HttpCall): Promise<HttpAnswer> => {
    if (waiting >= mostWaiting) throw overloaded(call);
    waiting++;
    const tally = tallyOf(options, call);
    try {
      const answer = await collect(
        await dial(options, { call, pool: pools.calls, request: pools.request }),
        options,
        tally,
      );
      tally.done(answer.status);
      return answer;
    } catch (error) {
      tally.done(0);
      throw wireError(options, call, error);
    } finally {
      waiting--;
    }
  };
  return {
    async exchange(call) {
      const answer = await once(call);
      // A 401 changed nothing on the server: whatever the call was, it may be sent again with a new token.
      return answer.status === 401 && options.authorization.changed() ? once(call) : answer;
    },
    async open(call, idleMs) {
      const tally = tallyOf(options, call);
      try {
        const dialled = await dial(options, { call, pool: pools.watches, request: pools.request });
        if (dialled.response.statusCode !== 200) {
          const answer = await collect(dialled, options, tally);
          if (answer.status === 401) options.authorization.changed();
          tally.done(answer.status);
          return answer;
        }
        dialled.settle();
        dialled.response.setTimeout(idleMs, () =>
          dialled.response.destroy(new Error(`nothing was heard for ${idleMs} ms`)),
        );
        tally.done(200);
        return { status: 200, body: dialled.response };
      } catch (error) {
        tally.done(0);
        throw wireError(options, call, error);
      }
    },
    close() {
      pools.calls.destroy();
      pools.watches.destroy();
    },
  };
}

function poolsOf(options: WireOptions): Pools {
  const common = { keepAlive: true, keepAliveMsecs: 15_000, timeout: idleConnectionMs, scheduling: 'lifo' as const };
  if (options.server.protocol === 'http:') {
    return {
      request: httpRequest,
      calls: new HttpAgent({ ...common, maxSockets: options.maxSockets }),
      watches: new HttpAgent({ ...common, maxSockets: watchSockets }),
    };
  }
  const { servername, ...trust } = options.tls;
  const secure = {
    ...common,
    // Made once: from certificates as text, Node would make the name of the pool anew for each call, of kilobytes.
    secureContext: createSecureContext({ ...trust, minVersion: 'TLSv1.2' }),
    ...(servername === undefined ? {} : { servername }),
  };
  return {
    request: httpsRequest,
    calls: new HttpsAgent({ ...secure, maxSockets: options.maxSockets }),
    // A watch holds its connection for minutes; in the calls' pool a few kinds would starve every apply.
    watches: new HttpsAgent({ ...secure, maxSockets: watchSockets }),
  };
}

interface Dialled {
  readonly response: IncomingMessage;
  /** Ends the deadline of the call. */
  settle(): void;
}

/** Sends a call and resolves with the head of its answer; the deadline goes on until `settle`. */
async function dial(
  options: WireOptions,
  way: { call: HttpCall; pool: HttpAgent; request: typeof httpsRequest },
): Promise<Dialled> {
  const headers = await headersOf(options, way.call);
  return new Promise((resolve, reject) => {
    const outgoing = way.request(requestOptions(options, way, headers));
    const late = (): void => void outgoing.destroy(new Error(`no answer came within ${options.timeoutMs} ms`));
    const deadline = setTimeout(late, options.timeoutMs);
    boundConnecting(outgoing, options.connectTimeoutMs);
    outgoing.on('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    outgoing.on('response', (response) => resolve({ response, settle: () => clearTimeout(deadline) }));
    outgoing.end(way.call.body);
  });
}

function requestOptions(
  options: WireOptions,
  way: { call: HttpCall; pool: HttpAgent },
  headers: RequestOptions['headers'],
): RequestOptions {
  const { hostname, port, pathname } = options.server;
  return {
    agent: way.pool,
    host: hostname.replace(/^\[|\]$/g, ''),
    ...(port === '' ? {} : { port }),
    method: way.call.method,
    path: pathname.replace(/\/$/, '') + way.call.path,
    ...(headers === undefined ? {} : { headers }),
    ...(way.call.signal === undefined ? {} : { signal: way.call.signal }),
  };
}

async function headersOf(options: WireOptions, call: HttpCall): Promise<Record<string, string | string[] | number>> {
  const headers: Record<string, string | string[] | number> = {
    Accept: call.accept ?? 'application/json',
    'User-Agent': options.userAgent,
    ...impersonation(call.identity),
  };
  const authorization = await options.authorization.header();
  if (authorization !== '') headers['Authorization'] = authorization;
  if (call.method === 'GET' && call.verb !== 'watch') headers['Accept-Encoding'] = 'gzip';
  if (call.etag !== undefined) headers['If-None-Match'] = call.etag;
  if (call.body !== undefined) {
    headers['Content-Type'] = call.contentType ?? 'application/json';
    headers['Content-Length'] = Buffer.byteLength(call.body);
  }
  return headers;
}

/** A host that swallows packets is given up on long before the deadline of the call. */
function boundConnecting(outgoing: ClientRequest, connectTimeoutMs: number): void {
  outgoing.on('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    const stop = (): void => clearTimeout(timer);
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', stop);
    socket.once('close', stop);
  });
}

async function collect(dialled: Dialled, options: WireOptions, tally: Tally): Promise<HttpAnswer> {
  const { response } = dialled;
  try {
    response.on('data', (chunk: Buffer) => tally.received(chunk.length));
    const body: Readable = response.headers['content-encoding'] === 'gzip' ? response.pipe(createGunzip()) : response;
    if (body !== response) response.on('error', (error) => body.destroy(error));
    const text = await textOf(body, options.maxAnswerBytes);
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    dialled.settle();
  }
}

/** Reads a stream to its end. By its events: an iterator over it costs as much as the rest of a call. */
function textOf(body: Readable, mostBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > mostBytes)
        reject(Object.assign(new Error(`the answer is larger than ${mostBytes} bytes`), { [tooLarge]: true }));
    });
    body.on('error', reject);
    // Without an end or an error before it; made only then, for an error costs as much as a call.
    body.on('close', () => void (body.readableEnded || reject(new Error('the answer was cut off'))));
    body.on('end', () => {
      const [first] = chunks;
      resolve((chunks.length === 1 && first ? first : Buffer.concat(chunks, bytes)).toString('utf8'));
    });
  });
}

interface Tally {
  received(bytes: number): void;
  done(status: number): void;
}

function tallyOf(options: WireOptions, call: HttpCall): Tally {
  const { onRequest } = options;
  if (onRequest === undefined) return { received: () => undefined, done: () => undefined };
  const startedMs = performance.now();
  let receivedBytes = 0;
  return {
    received: (bytes) => void (receivedBytes += bytes),
    done: (status) =>
      onRequest({
        verb: call.verb,
        method: call.method,
        path: call.path.split('?', 1)[0] ?? '',
        status,
        durationMs: performance.now() - startedMs,
        sentBytes: call.body === undefined ? 0 : Buffer.byteLength(call.body),
        receivedBytes,
      }),
  };
}

function overloaded(call: HttpCall): FairleadError {
  return new FairleadError(
    `Cannot ${call.verb} ${call.path}: ${mostWaiting} calls already wait for a connection; send fewer at a time`,
    {
      code: 'ResourceExhausted',
      reason: 'RateLimited',
      retry: { afterMs: 1000 },
    },
  );
}

function wireError(options: WireOptions, call: HttpCall, error: unknown): FairleadError {
  if (error instanceof FairleadError) return error;
  const path = call.path.split('?', 1)[0];
  if (call.signal?.aborted) {
    return new FairleadError(`Cannot ${call.verb} ${path}: the caller ended it; nothing needs to be done`, {
      code: 'Aborted',
      reason: 'Shutdown',
      cause: error,
    });
  }
  const why =
    error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : String(error);
  if (error instanceof Error && tooLarge in error) {
    return new FairleadError(`Cannot ${call.verb} ${path}: ${why}; ask for less at a time`, {
      code: 'ResourceExhausted',
      reason: 'InternalError',
      cause: error,
    });
  }
  return new FairleadError(
    `Cannot ${call.verb} ${path}: the API server at ${options.server.host} does not answer: ${why}; see that it runs and can be reached`,
    {
      code: 'Unavailable',
      reason: 'ApiServerUnreachable',
      retry: 'backoff',
      cause: error,
    },
  );
}
