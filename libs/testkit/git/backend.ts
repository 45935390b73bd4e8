import type { IncomingMessage, ServerResponse } from 'node:http';
import { startGit } from './gitCommand.ts';

/** What a request of the smart HTTP protocol becomes for `git http-backend` (CGI, RFC 3875). */
export interface BackendOptions {
  /** Folder of the bare repositories. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Hands the client's wish for protocol version 2 on. */
  readonly protocolV2: boolean;
  readonly signal: AbortSignal;
  /** Do the work, and break the connection in place of the answer. */
  readonly loseAnswer: boolean;
}

function cgiEnvironment(request: IncomingMessage, options: BackendOptions): NodeJS.ProcessEnv {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const header = (name: string) => request.headers[name]?.toString() ?? '';
  return {
    ...options.env,
    GIT_PROJECT_ROOT: options.root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: header('content-type'),
    ...(request.headers['content-length'] ? { CONTENT_LENGTH: header('content-length') } : {}),
    HTTP_CONTENT_ENCODING: header('content-encoding'),
    ...(options.protocolV2 ? { GIT_PROTOCOL: header('git-protocol') } : {}),
    REMOTE_ADDR: '127.0.0.1',
  };
}

function writeHead(response: ServerResponse, head: string): void {
  let status = 200;
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else if (name) response.setHeader(name, value);
  }
  response.writeHead(status);
}

/** Answers one request by `git http-backend`; resolves to the number of bytes sent when the process has ended. */
export function serveByBackend(
  request: IncomingMessage,
  response: ServerResponse,
  options: BackendOptions,
): Promise<number> {
  return new Promise((resolve) => {
    const child = startGit(['http-backend'], { cwd: options.root, env: cgiEnvironment(request, options) });
    const stop = () => child.kill('SIGKILL');
    options.signal.addEventListener('abort', stop, { once: true });
    response.on('close', () => void (response.writableFinished || stop()));
    let head: Buffer | undefined = Buffer.alloc(0);
    let sent = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      if (options.loseAnswer) return;
      let body = chunk;
      if (head !== undefined) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        writeHead(response, head.subarray(0, end).toString('latin1'));
        body = head.subarray(end + 4);
        head = undefined;
      }
      sent += body.length;
      if (!response.write(body)) {
        child.stdout?.pause();
        response.once('drain', () => child.stdout?.resume());
      }
    });
    child.stderr?.resume();
    child.stdin?.on('error', () => undefined); // the backend may answer before it has read everything
    child.on('error', () => void (response.headersSent || response.writeHead(500)));
    child.on('close', () => {
      options.signal.removeEventListener('abort', stop);
      if (options.loseAnswer) response.destroy();
      else if (!response.headersSent && !response.destroyed) response.writeHead(500);
      response.end();
      resolve(sent);
    });
    if (child.stdin) request.pipe(child.stdin);
  });
}
