import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { gitSourceAdapter, type GitSourceAdapter } from '../index.ts';

const credentials = { username: 'hub', password: 'hunter2' };
let git: GitServer;
let url: string;
let head: string;
let folder: string;
let adapter: GitSourceAdapter;
const others: Server[] = [];

beforeAll(async () => {
  git = await startGitServer({ auth: credentials });
  url = await git.createRepository('app');
  head = await git.commit('app', { files: { a: '1' }, message: 'First' });
  folder = await mkdtemp(join(tmpdir(), 'fairlead-faults-'));
  adapter = gitSourceAdapter({ folder, http: { idleTimeoutMs: 300 } });
});
afterEach(() => {
  Object.assign(git.faults, { down: false, delayMs: 0, stalled: false, credentialsExpired: false, status: 0 });
});
afterAll(async () => {
  adapter.close();
  for (const server of others) {
    server.closeAllConnections();
    server.close();
  }
  await git.stop();
  await rm(folder, { recursive: true, force: true });
});

function sourceAt(at: string) {
  return { git: { url: at, path: '.', ref: { branch: 'main' } } };
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  others.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function errorOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return await work.then(
    () => expect.fail('it went well'),
    (error: unknown) => error as Error & Record<string, unknown>,
  );
}

test('a server that never answers is given up, and is asked again when it does', async () => {
  git.faults.stalled = true;
  const error = await errorOf(adapter.check(sourceAt(url), { credentials }));
  expect(error).toMatchObject({ code: 'DeadlineExceeded', reason: 'SourceUnavailable', retry: 'backoff' });
  git.faults.stalled = false;
  expect(await adapter.check(sourceAt(url), { credentials })).toEqual({ head });
});

test('a call in flight ends when its caller gives up', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const silent = await serve(() => resolve());
  const abort = new AbortController();
  const work = errorOf(adapter.fetch(sourceAt(silent), { head, signal: abort.signal }));
  await asked;
  abort.abort();
  expect(await work).toMatchObject({ code: 'Aborted' });
});

test('expired credentials are refused without being repeated', async () => {
  git.faults.credentialsExpired = true;
  const error = await errorOf(adapter.fetch(sourceAt(url), { head, credentials }));
  expect(error).toMatchObject({ code: 'Unauthenticated', reason: 'SourceRejected', subject: { file: url } });
  const encoded = Buffer.from('hub:hunter2').toString('base64');
  expect(JSON.stringify([error.message, error.stack, error])).not.toMatch(new RegExp(`hunter2|${encoded}`));
});

test('credentials in a URL are refused without being repeated, and so are other protocols', async () => {
  const inside = await errorOf(adapter.check(sourceAt('https://hub:hunter2@git.example.com/app'), {}));
  expect(inside).toMatchObject({ code: 'InvalidInput', subject: { file: 'https://git.example.com/app' } });
  expect(inside.message).not.toContain('hunter2');
  for (const other of ['ssh://git@git.example.com/app', 'file:///etc', 'git://git.example.com/app']) {
    expect(await errorOf(adapter.check(sourceAt(other), {}))).toMatchObject({ code: 'InvalidInput' });
  }
});

test('a redirect to another server is not followed and learns no credentials', async () => {
  const seen: unknown[] = [];
  const other = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end();
  });
  const origin = await serve((request, response) => {
    response.writeHead(302, { location: `${other}${request.url ?? ''}` }).end();
  });
  const error = await errorOf(adapter.fetch(sourceAt(`${origin}/app`), { head, credentials }));
  expect(error).toMatchObject({ reason: 'SourceNotFound', message: expect.stringContaining(other) });
  expect(seen).toEqual([]);
});

test('a repository that was renamed on its server is found', async () => {
  const proxied = await serve((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', url);
    if (pathname.startsWith('/old/')) {
      response.writeHead(301, { location: `/new/${pathname.slice('/old/'.length)}${search}` }).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => !['host', 'connection', 'content-length'].includes(name)),
      ) as Record<string, string>;
      const method = request.method ?? 'GET';
      const body = method === 'POST' ? { body: Buffer.concat(chunks) } : {};
      void fetch(`${url}${pathname.slice('/new/app'.length)}${search}`, { method, headers, ...body }).then(
        async (answer) => {
          response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
          response.end(Buffer.from(await answer.arrayBuffer()));
        },
      );
    });
  });
  const source = sourceAt(`${proxied}/old/app`);
  expect(await adapter.check(source, { credentials })).toEqual({ head });
  expect((await adapter.fetch(source, { head, credentials })).revision).toBe(head);
});

test.each([
  [503, { 'retry-after': '7' }, { reason: 'SourceUnavailable', retry: { afterMs: 7000 } }],
  [500, {}, { reason: 'SourceUnavailable', retry: 'backoff' }],
  [429, { 'retry-after': '1' }, { reason: 'SourceUnavailable', retry: { afterMs: 1000 } }],
  [403, {}, { code: 'PermissionDenied', reason: 'SourceRejected' }],
  [404, {}, { code: 'NotFound', reason: 'SourceNotFound' }],
])('status %i is told as what it means', async (status, headers, expected) => {
  const failing = await serve((_, response) => void response.writeHead(status, headers).end('words'));
  expect(await errorOf(adapter.check(sourceAt(failing), {}))).toMatchObject(expected);
});

test('a page that is no git server, and an answer that breaks off, are told as such', async () => {
  const page = await serve((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
  });
  expect(await errorOf(adapter.check(sourceAt(page), {}))).toMatchObject({
    reason: 'SourceUnavailable',
    message: expect.stringMatching(/not one of a git server/),
  });
  const broken = await serve((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '1000' });
    response.write('0');
    response.socket?.end();
  });
  expect(await errorOf(adapter.check(sourceAt(broken), {}))).toMatchObject({ reason: 'SourceUnavailable' });
});
