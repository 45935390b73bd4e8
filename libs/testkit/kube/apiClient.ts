import { Agent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

import type { Login } from './kubeconfig.ts';

/** Any Kubernetes object as the API server sends it; read with the fields that a test looks at. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests read live objects of every kind
export type LiveObject = any;

/** The API server said no. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  /** HTTP status. */
  readonly status: number;
  /** Kubernetes' word for it: `NotFound`, `Forbidden`, `AlreadyExists`… */
  readonly reason: string;

  constructor(message: string, options: { status: number; reason: string }) {
    super(message);
    this.status = options.status;
    this.reason = options.reason;
  }
}

/** What goes with a request besides method and path. */
export interface RequestOptions {
  readonly body?: unknown;
  /** `application/json` by default. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/**
 * A plain client of one API server, for looking at the truth from outside of Fairlead: no cache, no
 * retry. Paths are absolute (`/api/v1/namespaces/default`). Every method throws {@link ApiFailure} when
 * the server refuses and the socket's error when it cannot be reached.
 */
export interface ApiClient {
  request(method: string, path: string, options?: RequestOptions): Promise<LiveObject>;
  get(path: string): Promise<LiveObject>;
  /** POST to a collection. */
  create(path: string, object: unknown): Promise<LiveObject>;
  /** A JSON merge patch; sub-resources by their path. */
  merge(path: string, patch: unknown): Promise<LiveObject>;
  /** A server-side apply of `object` at its own path; conflicts are overridden. */
  apply(path: string, object: unknown, options?: { fieldManager?: string }): Promise<LiveObject>;
  delete(path: string, options?: { propagation?: 'Background' | 'Foreground' | 'Orphan' }): Promise<LiveObject>;
  /** Closes idle connections. */
  close(): void;
}

const defaultTimeoutMs = 15_000;

interface Connection {
  readonly server: URL;
  readonly agent: Agent;
  readonly token: string | undefined;
}

function send(
  connection: Connection,
  options: RequestOptions & { method: string; path: string },
): Promise<{ status: number; body: string }> {
  const { method, path, contentType = 'application/json', timeoutMs = defaultTimeoutMs } = options;
  const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
  const headers = {
    accept: 'application/json',
    'user-agent': 'fairlead-testkit',
    ...(connection.token === undefined ? {} : { authorization: `Bearer ${connection.token}` }),
    ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = httpsRequest(new URL(path, connection.server), {
      method,
      headers,
      agent: connection.agent,
      signal,
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    outgoing.end(payload);
  });
}

function parsed(body: string): LiveObject {
  return body.startsWith('{') || body.startsWith('[') ? JSON.parse(body) : body; // /readyz answers in plain text
}

async function call(
  connection: Connection,
  options: RequestOptions & { method: string; path: string },
): Promise<LiveObject> {
  const { status, body } = await send(connection, options);
  const answer = parsed(body);
  if (status >= 200 && status < 300) return answer;
  const said = typeof answer === 'object' ? answer.message : answer;
  throw new ApiFailure(`${options.method} ${options.path} answered ${status}: ${said}`, {
    status,
    reason: answer.reason ?? 'Unknown',
  });
}

/** Makes a client that signs in with a certificate or a token. */
export function createApiClient(address: { server: string; caPem: string }, login: Login): ApiClient {
  const certificate = 'token' in login ? {} : { cert: login.certPem, key: login.keyPem };
  const connection: Connection = {
    server: new URL(address.server),
    agent: new Agent({ keepAlive: true, ca: address.caPem, ...certificate }),
    token: 'token' in login ? login.token : undefined,
  };
  const request: ApiClient['request'] = (method, path, options = {}) => call(connection, { ...options, method, path });
  return {
    request,
    get: (path) => request('GET', path),
    create: (path, object) => request('POST', path, { body: object }),
    merge: (path, patch) => request('PATCH', path, { body: patch, contentType: 'application/merge-patch+json' }),
    apply: (path, object, { fieldManager = 'testkit' } = {}) =>
      request('PATCH', `${path}?fieldManager=${encodeURIComponent(fieldManager)}&force=true`, {
        body: object,
        contentType: 'application/apply-patch+yaml',
      }),
    delete: (path, { propagation = 'Background' } = {}) =>
      request('DELETE', path, { body: { propagationPolicy: propagation } }),
    close: () => connection.agent.destroy(),
  };
}
