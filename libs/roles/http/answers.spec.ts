import { mkdtemp, rm } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { openKeys } from '@fairlead/adapters/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHttp, Open } from './index.ts';

let folder: string;
let ca: string;
let port: number;
let close: () => Promise<void>;
let shown = 'first';
const logged: unknown[] = [];

@Controller()
@Open()
class Things {
  @Get('/thing')
  thing(): { shown: string } {
    return { shown };
  }

  @Get('/broken')
  broken(): never {
    throw new Error('the password is hunter2');
  }

  @Post('/thing')
  put(): { shown: string } {
    return { shown };
  }
}

@Module({})
class ThingsModule {}

beforeEach(async () => {
  logged.length = 0;
  shown = 'first';
  folder = await mkdtemp(join(tmpdir(), 'fairlead-http-'));
  const keys = await openKeys(folder, { names: ['127.0.0.1'], now: () => Date.now() });
  const server = await keys.server();
  const app = await createHttp({
    modules: [{ module: ThingsModule, controllers: [Things] }],
    authenticate: () => undefined,
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (facts) => logged.push(facts),
    },
    tls: { certPem: server.certificatePem, keyPem: server.keyPem },
    callsPerMinute: 5,
  });
  await app.listen(0, '127.0.0.1');
  ({ port } = (app.getHttpServer() as { address(): { port: number } }).address());
  ca = keys.caPem;
  close = () => app.close();
});

afterEach(async () => {
  await close();
  await rm(folder, { recursive: true });
});

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function call(path: string, { body, ...options }: RequestOptions & { body?: string } = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const out = request({ host: '127.0.0.1', port, path, ca, ...options }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => void (text += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    out.on('error', reject);
    out.end(body);
  });
}

test('an answer that did not change is not sent again to whoever has it', async () => {
  const first = await call('/thing');
  const etag = String(first.headers.etag);
  expect(etag).toMatch(/^W\/"[\w-]+"$/);
  const again = await call('/thing', { headers: { 'if-none-match': `"other", ${etag}` } });
  expect(again).toMatchObject({ status: 304, text: '' });
  expect(again.headers.etag).toBe(etag);
  shown = 'second';
  const changed = await call('/thing', { headers: { 'if-none-match': etag } });
  expect(changed).toMatchObject({ status: 200, text: '{"shown":"second"}' });
  expect(changed.headers.etag).not.toBe(etag);
});

test('only a reading that went well has a tag', async () => {
  const written = await call('/thing', { method: 'POST', headers: { 'if-none-match': '*' } });
  expect([written.status, written.headers.etag]).toEqual([201, undefined]);
  const missing = await call('/nothing', { headers: { 'if-none-match': '*' } });
  expect([missing.status, missing.headers.etag]).toEqual([404, undefined]);
});

test('what fails inside is told to the log and not to the caller', async () => {
  const answer = await call('/broken');
  expect(answer.status).toBe(500);
  expect(answer.text).not.toContain('hunter2');
  expect(logged).toHaveLength(1);
});

test('one address that calls too often is told to wait, as a problem', async () => {
  const answers = [];
  for (let n = 0; n < 6; n += 1) answers.push(await call('/thing'));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
  const [last] = answers.slice(-1);
  expect(last?.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(last?.headers['retry-after']).toBeDefined();
  expect(JSON.parse(last?.text ?? '')).toMatchObject({ code: 'ResourceExhausted', reason: 'RateLimited' });
  expect(logged).toEqual([]);
});

test.each([
  ['broken JSON', { headers: { 'content-type': 'application/json' }, body: '{"a": hunter2' }],
  ['a type that is not read', { headers: { 'content-type': 'text/xml' }, body: '<a/>' }],
  ['a body that is too large', { headers: { 'content-type': 'application/json' }, body: `"${'a'.repeat(1_048_577)}"` }],
])('%s is the fault of the caller', async (_name, sent) => {
  const answer = await call('/thing', { method: 'POST', ...sent });
  expect(JSON.parse(answer.text)).toMatchObject({ status: 400, code: 'InvalidInput', reason: 'InvalidArgument' });
  expect(answer.text).not.toContain('hunter2');
  expect(logged).toEqual([]);
});
