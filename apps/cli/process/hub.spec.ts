import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hubArguments } from './flags.ts';
import { startHub, type HubProcess } from './hub.ts';
import { matters, type LogLine } from './lastWords.ts';

const ready = { ready: true, api: 'https://127.0.0.1:8443', grpc: '127.0.0.1:8444', dataDir: '/data' } as const;
let folder: string;
let log: LogLine[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-hub-process-'));
  log = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** A process in the place of the hub's bundle, that does what the script says. */
async function start(script: string, options: { readyWithinMs?: number; graceMs?: number } = {}): Promise<HubProcess> {
  const main = join(folder, 'main.mjs');
  await writeFile(main, script);
  return startHub({ main, args: ['--data', '/data'], env: process.env, log: (line) => log.push(line), ...options });
}

const sayReady = `console.log(${JSON.stringify(JSON.stringify(ready))});`;
const live = 'process.on("disconnect", () => process.exit(0)); setInterval(() => {}, 1000);';

test('a hub is up when it says so, and other lines are not mistaken for it', async () => {
  const hub = await start(`console.log('warming up'); console.log('{"ready":false}'); ${sayReady} ${live}`);
  expect(await hub.ready).toEqual(ready);
  await hub.stop();
  expect(await hub.ended).toBeUndefined();
});

test('a hub that dies before it is up says why', async () => {
  const hub = await start(
    `console.error('{"level":30,"msg":"starting"}'); console.error('error: Cannot listen on 127.0.0.1:8443: it is taken.'); process.exit(1);`,
  );
  await expect(hub.ready).rejects.toThrow(
    'Cannot keep the hub running: it ended with 1: Cannot listen on 127.0.0.1:8443: it is taken. Start it again with --verbose',
  );
  await hub.stop();
});

test('a hub that dies later says why, by the failures of its log', async () => {
  const hub = await start(
    `${sayReady} process.on('message', () => {}); setImmediate(() => {
      console.error('{"level":"fatal","msg":"store is gone","err":{"message":"disk full","stack":"x"}}');
      process.exit(3);
    });`,
  );
  expect(await hub.ready).toEqual(ready);
  const end = await hub.ended;
  expect(end?.message).toContain('it ended with 3: store is gone: disk full');
  expect(log.filter(matters)).toEqual([{ level: 60, text: 'store is gone: disk full' }]);
});

test('a hub that does not come up in time is ended', async () => {
  const hub = await start(live, { readyWithinMs: 50 });
  await expect(hub.ready).rejects.toThrow('it was not ready within 0.05 s');
  expect(await hub.ended).toBeUndefined();
});

test('a hub that does not stop when it is asked to is killed', async () => {
  const hub = await start(`process.on('SIGTERM', () => {}); ${sayReady} ${live}`, { graceMs: 50 });
  await hub.ready;
  await hub.stop();
  expect(await hub.ended).toBeUndefined();
});

test('the flags of the hub, with no password among them', () => {
  const flags = {
    fleet: 'https://git.example.com/fleet',
    branch: 'main',
    data: '/data',
    listen: '127.0.0.1:8443',
    grpc: '127.0.0.1:8444',
    pollMs: 5_000,
    names: ['hub.example.com'],
    tools: [{ name: 'kustomize' as const, version: '5.8.2', path: '/bin/kustomize' }],
    username: 'bot',
    passwordFile: '/secret',
  };
  expect(hubArguments(flags).join(' ')).toBe(
    '--fleet https://git.example.com/fleet --branch main --data /data --listen 127.0.0.1:8443 --grpc 127.0.0.1:8444 ' +
      '--poll-ms 5000 --kustomize 5.8.2=/bin/kustomize --name hub.example.com --username bot --password-file /secret',
  );
});
