import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { getCACertificates, TLSSocket } from 'node:tls';
import { aborted, tooLarge, unavailable } from './failures.ts';

/** How connections are made and how long they may take. */
export interface HttpOptions {
  /** Certificates of private authorities, PEM, beside those that Node trusts. */
  readonly ca?: string;
  /** Nothing was received for so long. Default: 20 s. */
  readonly idleTimeoutMs?: number;
  /** The whole answer takes longer. Default: 5 min. */
  readonly totalTimeoutMs?: number;
}

/** One request. Its URL holds no credentials. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the connection stands, right before anything is written; what it throws ends the request. */
  readonly beforeSend?: () => void;
}

/** A whole answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Requests over kept-alive connections. Throws SourceUnavailable and SourceTooLarge; any status is an answer. */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}

const defaults = { idleTimeoutMs: 20_000, totalTimeoutMs: 300_000 };

function collect(response: IncomingMessage, request: HttpRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > request.maxBytes)
        response.destroy(tooLarge(request.url, `more than ${request.maxBytes} bytes to send`));
    });
    response.on('end', () => resolve(Buffer.concat(chunks)));
    response.on('error', reject);
    response.on('close', () => {
      if (!response.complete) reject(new Error('the connection broke in the middle of the answer'));
    });
  });
}

/** Writes the request, once its last word was heard. */
function send(outgoing: ClientRequest, { body, beforeSend }: HttpRequest): void {
  if (beforeSend === undefined) return void outgoing.end(body);
  const go = (): void => {
    try {
      beforeSend();
      outgoing.end(body);
    } catch (error) {
      outgoing.destroy(error as Error);
    }
  };
  outgoing.once('socket', (socket: Socket & { readonly secureConnecting?: boolean }) => {
    const isMade = !socket.connecting && socket.secureConnecting !== true;
    if (isMade) go();
    else socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', go);
  });
}

interface Attempt {
  readonly answer: Promise<HttpAnswer>;
  /** It went over a connection that the server may have closed meanwhile. */
  reused(): boolean;
}

function attempt(outgoing: ClientRequest, request: HttpRequest, limits: typeof defaults): Attempt {
  const { idleTimeoutMs, totalTimeoutMs } = limits;
  const answer = new Promise<HttpAnswer>((resolve, reject) => {
    let incoming: IncomingMessage | undefined;
    const end = (error: Error): void => {
      incoming?.destroy(error);
      outgoing.destroy(error);
    };
    const expire = (what: string) => () => end(unavailable(request.url, what, { code: 'DeadlineExceeded' }));
    const total = setTimeout(expire(`no whole answer came within ${totalTimeoutMs} ms`), totalTimeoutMs);
    const giveUp = (): void => end(aborted(request.url, request.signal?.reason));
    request.signal?.addEventListener('abort', giveUp, { once: true });
    outgoing.setTimeout(idleTimeoutMs, expire(`nothing was heard for ${idleTimeoutMs} ms`));
    outgoing.on('close', () => {
      clearTimeout(total);
      request.signal?.removeEventListener('abort', giveUp);
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      incoming = response;
      const { statusCode = 0, statusMessage = '', headers } = response;
      collect(response, request).then(
        (body) => resolve({ status: statusCode, statusText: statusMessage, headers, body }),
        reject,
      );
    });
    send(outgoing, request);
  });
  return { answer, reused: () => outgoing.reusedSocket };
}

function asUnavailable(url: string, error: unknown): Error {
  if (error instanceof Error && error.name === 'FairleadError') return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return unavailable(url, message || String(code), { cause: error });
}

/** Makes a client; proxies are taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export function httpClient(options: HttpOptions = {}): HttpClient {
  const limits = { ...defaults, ...options };
  const agentOptions = {
    keepAlive: true,
    maxSockets: 8,
    maxFreeSockets: 2,
    timeout: limits.idleTimeoutMs,
    proxyEnv: process.env,
  };
  const plain = new HttpAgent(agentOptions);
  const secure = new HttpsAgent({
    ...agentOptions,
    ...(options.ca === undefined ? {} : { ca: [...getCACertificates('default'), options.ca] }),
  });

  function start(request: HttpRequest): Attempt {
    const { method, url, body } = request;
    const headers = { ...request.headers, ...(body ? { 'content-length': String(body.length) } : {}) };
    const outgoing = url.startsWith('https:')
      ? httpsRequest(url, { method, headers, agent: secure })
      : httpRequest(url, { method, headers, agent: plain });
    return attempt(outgoing, request, limits);
  }

  return {
    async request(request) {
      if (request.signal?.aborted) throw aborted(request.url, request.signal.reason);
      const first = start(request);
      try {
        return await first.answer;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const stale = first.reused() && (code === 'ECONNRESET' || code === 'EPIPE');
        if (!stale || request.method !== 'GET') throw asUnavailable(request.url, error);
        return await start(request).answer.catch((again: unknown) => {
          throw asUnavailable(request.url, again);
        });
      }
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}
