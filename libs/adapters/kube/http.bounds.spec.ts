import { gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FairleadError } from '@fairlead/core/model';
import { startScriptedServer, type ScriptedRequest } from '@fairlead/testkit/scripted';
import { connectCluster, type ClusterConnection, type ConnectOptions } from './connect.ts';
import type { RequestInfo } from './http.ts';

const kind = { group: '', version: 'v1', kind: 'ConfigMap', resource: 'configmaps', namespaced: true, verbs: [] };
const key = { namespace: 'default', name: 'a' };
const self = { as: 'self' } as const;
const patch = { body: {}, options: { type: 'merge', fieldManager: 'fairlead', identity: self } } as const;
const endings: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

async function connect(
  answer: (response: ServerResponse, request: ScriptedRequest, index: number) => void,
  options: Partial<ConnectOptions> = {},
) {
  const server = await startScriptedServer((request, response, index) => answer(response, request, index));
  const api: ClusterConnection = connectCluster({ server: server.url, credentials: { token: 's3cret' }, ...options });
  endings.push(async () => {
    api.close();
    await server.close();
  });
  return { api, server };
}

async function failureOf(call: Promise<unknown>): Promise<FairleadError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof FairleadError) return thrown;
  throw thrown ?? new Error('the call did not fail');
}

const json = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

describe('a call', () => {
  it('ends at its deadline, whether no answer comes or only half of one', async () => {
    const { api } = await connect(
      (response, _request, index) => void (index === 1 && response.writeHead(200).write('{"half":')),
      { timeoutMs: 50 },
    );
    for (const call of [api.get(kind, key), api.get(kind, key)]) {
      expect(await failureOf(call)).toMatchObject({
        code: 'Unavailable',
        reason: 'ApiServerUnreachable',
        retry: 'backoff',
      });
    }
  });

  it('says that nobody is there', async () => {
    const { api, server } = await connect(() => undefined);
    await server.close();
    const error = await failureOf(api.get(kind, key));
    expect(error).toMatchObject({ code: 'Unavailable', reason: 'ApiServerUnreachable' });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('is sent once, if it writes, even when the connection breaks', async () => {
    const { api, server } = await connect((response, _request, index) =>
      index === 0 ? json(response, 200, {}) : void response.destroy(),
    );
    await api.get(kind, key);
    expect((await failureOf(api.patch(kind, key, patch))).code).toBe('Unavailable');
    expect(server.requests.map((request) => request.method)).toEqual(['GET', 'PATCH']);
  });

  it('ends when its caller aborts it', async () => {
    const { api, server } = await connect(() => undefined);
    const control = new AbortController();
    const call = failureOf(api.get(kind, key, { signal: control.signal }));
    await expect.poll(() => server.requests.length).toBe(1);
    control.abort();
    expect(await call).toMatchObject({ code: 'Aborted', reason: 'Shutdown' });
  });

  it('refuses an answer beyond the bound, packed or not', async () => {
    const long = Buffer.from(JSON.stringify({ data: 'x'.repeat(5000) }));
    const { api } = await connect(
      (response, _request, index) =>
        void (index === 0
          ? response.writeHead(200).end(long)
          : response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(long))),
      { maxAnswerBytes: 1000 },
    );
    for (const call of [api.get(kind, key), api.get(kind, key)]) {
      expect(await failureOf(call)).toMatchObject({ code: 'ResourceExhausted', retry: 'never' });
    }
  });

  it('unpacks gzip and counts what came over the line', async () => {
    const told: RequestInfo[] = [];
    const packed = gzipSync(JSON.stringify({ metadata: { name: 'a' }, data: { a: 'x'.repeat(5000) } }));
    const { api } = await connect(
      (response) => void response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(packed),
      {
        onRequest: (info) => void told.push(info),
      },
    );
    expect((await api.get(kind, key))?.['data']).toEqual({ a: 'x'.repeat(5000) });
    const path = '/api/v1/namespaces/default/configmaps/a';
    expect(told).toMatchObject([{ verb: 'get', method: 'GET', path, status: 200, receivedBytes: packed.length }]);
  });

  it('says how long to wait on 429, and on 503 where the server says so', async () => {
    const { api } = await connect(
      (response, _request, index) =>
        void response.writeHead(index === 0 ? 429 : 503, { 'Retry-After': '7' }).end('slow down'),
    );
    const busy = await failureOf(api.patch(kind, key, patch));
    expect(busy).toMatchObject({ code: 'ResourceExhausted', reason: 'RateLimited', retry: { afterMs: 7000 } });
    expect(await failureOf(api.patch(kind, key, patch))).toMatchObject({
      code: 'Unavailable',
      retry: { afterMs: 7000 },
    });
  });

  it('carries the identity in a header, and leaves its groups to the server', async () => {
    const { api, server } = await connect((response) => json(response, 200, {}));
    await api.get(kind, key, { identity: { as: 'serviceAccount', namespace: 'team', name: 'web' } });
    const headers = server.requests[0]?.headers;
    expect(headers?.['impersonate-user']).toBe('system:serviceaccount:team:web');
    expect(headers?.['impersonate-group']).toBeUndefined();
  });
});

describe('a list', () => {
  it('asks for smaller pages when one is beyond the bound, and loses nothing', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const { api, server } = await connect(
      (response, { url }) => {
        const from = Number(url.searchParams.get('continue') ?? 0);
        const limit = Number(url.searchParams.get('limit'));
        const items = names
          .slice(from, from + limit)
          .map((name) => ({ metadata: { name }, data: { a: 'x'.repeat(300) } }));
        const next = from + limit < names.length ? { continue: String(from + limit) } : {};
        json(response, 200, { metadata: { resourceVersion: '1', ...next }, items });
      },
      { maxAnswerBytes: 900, pageLimit: 8 },
    );
    expect((await api.list(kind)).map((each) => each.metadata.name)).toEqual(names);
    expect(server.requests.map(({ url }) => url.searchParams.get('limit'))).toEqual(['8', '2', '2', '2']);
  });
});

describe('credentials', () => {
  it('are read again from their file after a 401', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-token-'));
    endings.push(() => rm(folder, { recursive: true }));
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'old\n');
    const { api, server } = await connect(
      (response, { headers }) => json(response, headers.authorization === 'Bearer new' ? 200 : 401, {}),
      { credentials: { tokenFile } },
    );
    expect(await failureOf(api.get(kind, key))).toMatchObject({
      code: 'Unauthenticated',
      reason: 'CredentialsMissing',
    });
    await writeFile(tokenFile, 'new');
    await api.get(kind, key);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer new',
    ]);
  });

  it('are refused without being shown', async () => {
    const missing = { server: 'https://127.0.0.1:1', credentials: { tokenFile: 'no-such-file' } };
    expect((await failureOf(connectCluster(missing).version())).message).toContain('no-such-file: ENOENT');
    const thrown = await failureOf(
      (async () => connectCluster({ server: 'https://x', credentials: { token: 'two words' } }))(),
    );
    expect(thrown.message).not.toContain('two words');
  });

  it('never go over a plain connection, save on the loopback', () => {
    const credentials = { token: 'x' };
    expect(() => connectCluster({ server: 'http://example.com', credentials })).toThrow(/give https:/);
    expect(() => connectCluster({ server: 'nonsense', credentials })).toThrow(/its address is "nonsense"/);
  });
});
