import { FairleadError } from '@fairlead/core/model';
import type { ClusterApi } from '@fairlead/ports/cluster';
import { clientOf } from './client.ts';
import { authorizationOf, type Credentials } from './credentials.ts';
import { openWire, type RequestInfo } from './http.ts';
import type { Backoff } from './watch.ts';

/** How to reach an API server. */
export interface ConnectOptions {
  /** `https://HOST:PORT`, with a path if it lies behind one; `http` on the loopback only (a `kubectl proxy`). */
  readonly server: string;
  /** What signs the server's certificate; the system's authorities if unset. */
  readonly caPem?: string;
  readonly credentials: Credentials;
  /** The name in the server's certificate, where it is not that of the address. */
  readonly tlsServerName?: string;
  /** `fairlead` if unset. */
  readonly userAgent?: string;
  /** Connections for calls, 64 if unset; each watch has one more. */
  readonly maxSockets?: number;
  /** For a whole call, 30 s if unset. */
  readonly timeoutMs?: number;
  /** 5 s if unset. */
  readonly connectTimeoutMs?: number;
  /** 64 MiB if unset. */
  readonly maxAnswerBytes?: number;
  /** Objects in a page of a list, 500 if unset. */
  readonly pageLimit?: number;
  /** Pauses of a watch that fails: 200 ms to 30 s if unset. */
  readonly watchBackoff?: Backoff;
  /** Told of every call, for metrics and benchmarks. Must not throw. */
  readonly onRequest?: (info: RequestInfo) => void;
}

/** A cluster's API with its connections. */
export interface ClusterConnection extends ClusterApi {
  /** Ends all connections; calls under way fail. */
  close(): void;
}

/**
 * Makes the API of one cluster over kept connections; nothing is dialled before the first call. Throws `InvalidInput`
 * for an address that is none, or that would send credentials in the clear, and `Unauthenticated` for unusable credentials.
 */
export function connectCluster(options: ConnectOptions): ClusterConnection {
  const { credentials } = options;
  const certificate =
    'clientCert' in credentials && credentials.clientCert !== undefined
      ? { cert: credentials.clientCert, key: credentials.clientKey ?? '' }
      : {};
  const wire = openWire({
    server: addressOf(options.server),
    tls: {
      ...certificate,
      ...(options.caPem === undefined ? {} : { ca: options.caPem }),
      ...(options.tlsServerName === undefined ? {} : { servername: options.tlsServerName }),
    },
    authorization: authorizationOf(credentials),
    userAgent: options.userAgent ?? 'fairlead',
    maxSockets: options.maxSockets ?? 64,
    timeoutMs: options.timeoutMs ?? 30_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    maxAnswerBytes: options.maxAnswerBytes ?? 64 * 1024 * 1024,
    onRequest: options.onRequest,
  });
  const api = clientOf({
    wire,
    pageLimit: options.pageLimit ?? 500,
    backoff: options.watchBackoff ?? { firstMs: 200, lastMs: 30_000 },
  });
  return { ...api, close: () => wire.close() };
}

function addressOf(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  const loopback = url !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback)) return url;
  throw new FairleadError(
    `Cannot connect to the API server: its address is "${server}"; give https://HOST:PORT (http is for the loopback only)`,
    {
      code: 'InvalidInput',
      reason: 'InvalidArgument',
      subject: { field: 'server' },
    },
  );
}
