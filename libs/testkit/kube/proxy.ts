import { request as httpsRequest, Agent, createServer } from 'node:https';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthority } from './certificates.ts';
import type { ControlPlane } from './controlPlane.ts';
import { writeKubeconfigFile } from './kubeconfig.ts';

/** A request on its way to the API server, whole. */
export interface ProxiedRequest {
  readonly method: string;
  /** With the query. */
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** An answer given in place of the API server's. */
export interface GivenAnswer {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  /** Sent as JSON; a Kubernetes Status by default. */
  readonly body?: object;
}

/** `Pass`: it goes on. `Drop`: it goes no further, and whoever waits for it hears nothing. */
export type Fate = 'Pass' | 'Drop';

/** What happens on the way; may be changed at any time. Without a hook everything passes. */
export interface ProxyHooks {
  /** Before the API server hears of it. */
  arrived?(request: ProxiedRequest): Fate | GivenAnswer | Promise<Fate | GivenAnswer>;
  /** The API server has done it, and whoever asked does not know yet. Not asked for watches. */
  answered?(request: ProxiedRequest, status: number): Fate | Promise<Fate>;
  /** The answer has left for whoever asked. Not called for watches. */
  delivered?(request: ProxiedRequest, status: number): void;
}

/** A proxy before an API server, on the loopback: it passes everything on until a test says otherwise. */
export interface ApiProxy {
  readonly server: string;
  readonly caPem: string;
  hooks: ProxyHooks;
  /** Writes a kubeconfig whose server is the proxy; the token is the API server's to judge. */
  writeKubeconfig(path: string, login: { token: string }): Promise<void>;
  /** Ends it with every connection. */
  stop(): Promise<void>;
}

/** Starts a proxy before a control plane. Only bearer tokens get through: a client certificate ends here. */
export async function startApiProxy(plane: Pick<ControlPlane, 'name' | 'server' | 'caPem'>): Promise<ApiProxy> {
  const authority = await createAuthority(`fairlead test proxy ${plane.name}`);
  const serving = await authority.issue({
    commonName: 'proxy',
    serverNames: [{ type: 'ip', value: '127.0.0.1' }],
  });
  const upstream = new Agent({ keepAlive: true, ca: plane.caPem });
  const state: { hooks: ProxyHooks } = { hooks: {} };
  const server = createServer({ cert: serving.certPem, key: serving.keyPem }, (incoming, response) => {
    const carried = carry({ incoming, response, hooks: () => state.hooks, upstream, to: plane.server });
    // Whoever asked sees a broken connection, as they would without the proxy.
    carried.catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = {
    name: plane.name,
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem: authority.certPem,
  };
  return Object.assign(state, {
    server: address.server,
    caPem: address.caPem,
    writeKubeconfig: (path: string, login: { token: string }) => writeKubeconfigFile(path, { address, login }),
    stop: () =>
      new Promise<void>((resolve) => {
        upstream.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

interface Carried {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly hooks: () => ProxyHooks;
  readonly upstream: Agent;
  readonly to: string;
}

async function carry(way: Carried): Promise<void> {
  const { incoming, response, hooks } = way;
  const request: ProxiedRequest = {
    method: incoming.method ?? 'GET',
    url: new URL(incoming.url ?? '/', way.to),
    headers: incoming.headers,
    body: await bodyOf(incoming),
  };
  const fate = (await hooks().arrived?.(request)) ?? 'Pass';
  if (fate === 'Drop') return;
  if (typeof fate === 'object') return give(response, fate);
  const answer = await forward(way, request);
  const status = answer.statusCode ?? 502;
  if (isWatch(request)) {
    response.writeHead(status, answer.headers);
    response.flushHeaders();
    response.once('close', () => answer.destroy());
    answer.once('error', () => response.destroy());
    answer.pipe(response);
    return;
  }
  const body = await bodyOf(answer);
  if ((await hooks().answered?.(request, status)) === 'Drop') return;
  response.writeHead(status, answer.headers);
  response.end(body, () => hooks().delivered?.(request, status));
}

function isWatch({ url }: ProxiedRequest): boolean {
  const watch = url.searchParams.get('watch');
  return watch !== null && watch !== 'false' && watch !== '0';
}

async function forward({ upstream, incoming, response }: Carried, request: ProxiedRequest): Promise<IncomingMessage> {
  const { method, url, body } = request;
  const { host: _, ...headers } = incoming.headers;
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url, { method, headers, agent: upstream });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    // A write goes on when its sender dies; a watch or a read would be left open for nobody.
    if (method === 'GET') response.once('close', () => outgoing.destroy());
    outgoing.end(body);
  });
}

async function bodyOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function give(response: ServerResponse, { status, headers = {}, body }: GivenAnswer): void {
  const said = body ?? {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: status,
    message: `given: ${status}`,
  };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(said));
}
