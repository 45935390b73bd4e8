import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openKeys } from '@fairlead/adapters/pki';
import { expect, onTestFinished, test } from 'vitest';
import { createHttp } from './index.ts';

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A listener with what the files say as its page, in a folder of this path; without files it has none. Nobody has a token. */
async function served(
  files: Readonly<Record<string, string>> | undefined,
  path = 'page',
): Promise<(path: string) => Promise<Answered>> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-page-'));
  const page = join(folder, path);
  await mkdir(join(page, 'assets'), { recursive: true });
  for (const [name, content] of Object.entries(files ?? {})) await writeFile(join(page, name), content);
  const keys = await openKeys(folder, { names: ['127.0.0.1'], now: () => Date.now() });
  const { certificatePem, keyPem } = await keys.server();
  const silent = (): void => undefined;
  const app = await createHttp({
    modules: [],
    authenticate: () => undefined,
    log: { info: silent, warn: silent, error: silent },
    tls: { certPem: certificatePem, keyPem },
    callsPerMinute: 100,
    ...(files && { page }),
  });
  await app.listen(0, '127.0.0.1');
  onTestFinished(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });
  const { port } = (app.getHttpServer() as { address(): { port: number } }).address();
  return (path) =>
    new Promise((resolve, reject) => {
      const out = request({ host: '127.0.0.1', port, path, ca: keys.caPem }, (answer) => {
        const { statusCode: status = 0, headers } = answer;
        text(answer).then((body) => resolve({ status, headers, body }), reject);
      });
      out.on('error', reject);
      out.end();
    });
}

const built = { 'index.html': '<!doctype html>', 'assets/page-abc.js': 'void 0;' };

test('the page is open to everybody, and asked for again each time; its parts are kept', async () => {
  const get = await served(built);
  const index = await get('/');
  expect(index).toMatchObject({ status: 200, body: built['index.html'] });
  expect(index.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
  const part = await get('/assets/page-abc.js');
  expect(part).toMatchObject({ status: 200, body: built['assets/page-abc.js'] });
  expect(part.headers).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable' });
});

test('a page that is installed below a folder named assets is asked for again each time, too', async () => {
  const get = await served(built, 'assets/page');
  expect((await get('/')).headers).toMatchObject({ 'cache-control': 'no-cache' });
  expect((await get('/assets/page-abc.js')).headers['cache-control']).toContain('immutable');
});

test('nothing runs or is asked for that this listener does not give out itself', async () => {
  const { headers } = await (await served(built))('/');
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none';script-src 'self';style-src 'self'");
  expect(policy).not.toContain('unsafe');
  expect(headers).not.toHaveProperty('strict-transport-security');
});

test.each(['/api/v1/nothing', '/assets/other.js', '/assets/../../ca.key', '/assets/%2e%2e/%2e%2e/ca.key'])(
  '%s is a problem, whoever asks',
  async (path) => {
    const answer = await (await served(built))(path);
    expect([401, 404]).toContain(answer.status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  },
);

test('a hub whose page was not built says what to do', async () => {
  const answer = await (await served({}))('/');
  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.body)).toMatchObject({ detail: expect.stringContaining('npm run build') as string });
});

test('a listener that has no page knows nothing of one', async () => {
  const answer = await (await served(undefined))('/');
  expect(answer.status).toBe(404);
  expect(answer.body).not.toContain('npm run build');
});
