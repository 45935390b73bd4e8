import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Body, Controller, Get, Module, Param, Post } from '@nestjs/common';
import { openKeys } from '@fairlead/adapters/pki';
import { traceparentNow } from '@fairlead/adapters/telemetry';
import { startRecording, type Recording } from '@fairlead/testkit/otlp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHttp, Open } from './index.ts';

let folder: string;
let recording: Recording;
let send: (path: string, options?: { body?: object; headers?: Record<string, string> }) => Promise<number>;
let close: () => Promise<void>;
let seen: (string | undefined)[];

@Controller()
@Open()
class Things {
  @Get('/things/:name')
  thing(@Param('name') name: string): string {
    seen.push(traceparentNow());
    return name;
  }

  @Post('/things/:name')
  async put(@Body() _body: object): Promise<void> {
    await Promise.resolve();
    seen.push(traceparentNow());
  }
}

@Module({})
class ThingsModule {}

beforeEach(async () => {
  seen = [];
  recording = startRecording();
  folder = await mkdtemp(join(tmpdir(), 'fairlead-observe-'));
  const keys = await openKeys(folder, { names: ['127.0.0.1'], now: () => Date.now() });
  const server = await keys.server();
  const silent = (): void => undefined;
  const app = await createHttp({
    modules: [{ module: ThingsModule, controllers: [Things] }],
    authenticate: () => undefined,
    log: { info: silent, warn: silent, error: silent },
    tls: { certPem: server.certificatePem, keyPem: server.keyPem },
    callsPerMinute: 100,
  });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): { port: number } }).address();
  close = () => app.close();
  send = (path, { body, headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST';
      const json = { 'content-type': 'application/json', ...headers };
      const out = request({ host: '127.0.0.1', port, path, ca: keys.caPem, method, headers: json }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
      });
      out.on('error', reject);
      out.end(body === undefined ? undefined : JSON.stringify(body));
    });
});

afterEach(async () => {
  await close();
  recording.stop();
  await rm(folder, { recursive: true });
});

test('a call that may change something is a trace, and what it does is in it', async () => {
  expect(await send('/things/a-name', { body: {} })).toBe(201);
  const [span] = recording.spans();
  expect(span).toMatchObject({ name: 'POST /things/:name', parent: undefined });
  expect(span?.attributes).toMatchObject({ 'http.route': '/things/:name', 'http.response.status_code': 201 });
  expect(seen).toEqual([`00-${span?.trace}-${span?.id}-01`]);
});

test('reading makes no trace, and is timed by its route', async () => {
  await send('/things/a-name');
  await send('/things/another-name');
  expect({ spans: recording.spans(), seen }).toEqual({ spans: [], seen: [undefined, undefined] });
  const text = await recording.metrics();
  expect(text).toMatch(/http_server_request_duration_count\{.*method="GET",http_route="\/things\/:name".*="200"\} 2/);
  expect(text).not.toContain('a-name');
});

test('nobody outside names the trace', async () => {
  const traceparent = '00-11111111111111111111111111111111-2222222222222222-01';
  await send('/things/a-name', { body: {}, headers: { traceparent } });
  expect(recording.spans()).toMatchObject([{ parent: undefined }]);
  expect(recording.spans()[0]?.trace).not.toBe('1'.repeat(32));
});

test('paths that lead nowhere are one label', async () => {
  for (const path of ['/a', '/b', '/c']) await send(path);
  expect(await recording.metrics()).toMatch(/http_server_request_duration_count\{.*http_route="\(none\)".*\} 3/);
});
