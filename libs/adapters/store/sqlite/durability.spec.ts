import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from './open.ts';

/** Writes facts as fast as it can, and says each one aloud once it was acknowledged. */
const program = `
  import { openStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
  const store = await openStore({ file: process.argv[1], key: new Uint8Array(32) });
  for (let n = 0; ; n += 1) {
    await Promise.all(['a', 'b', 'c'].map(async (name) => {
      await store.write([{ put: 'fact', key: name + ':' + n, value: { n } }]);
      process.stdout.write(name + ':' + n + '\\n');
    }));
  }
`;

test('what was acknowledged is there after the process was killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-store-'));
  const file = join(folder, 'hub.sqlite');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (said.length > 2_000) child.kill('SIGKILL');
  }
  const acknowledged = said.split('\n').slice(0, -1);
  expect(acknowledged.length).toBeGreaterThan(100);
  const store = await openStore({ file, key: new Uint8Array(32) });
  const kept = await store.facts('');
  expect(acknowledged.filter((key) => !kept.has(key))).toEqual([]);
  await store.close();
  await rm(folder, { recursive: true });
});

const filling = `
  import { openStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
  const store = await openStore({ file: process.argv[1], key: new Uint8Array(32) });
  const row = (n) => ({ digest: 'sha256:' + n, data: crypto.getRandomValues(new Uint8Array(65536)), secret: false });
  let refused;
  let n = 0;
  for (; !refused && n < 1000; n += 1) await store.write([{ put: 'blob', row: row(n) }]).catch((thrown) => (refused = thrown));
  const [first] = await store.blobs(['sha256:0']);
  console.log(JSON.stringify({ written: n - 1, code: refused.code, retry: refused.retry, message: refused.message, read: first.data.length }));
  process.exit();
`;

test('a full disk refuses what does not fit, and what was acknowledged stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-store-'));
  const file = join(folder, 'hub.sqlite');
  // Node does not die of a file that may not grow any more: the write fails as on a full disk. 8 MiB.
  const command = [process.execPath, '--input-type=module', '--eval', filling, file];
  const child = spawn('/bin/sh', ['-c', 'ulimit -f 16384; exec "$@"', 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of child.stdout) said += String(chunk);
  const { written, ...told } = JSON.parse(said) as { written: number };
  expect(told).toMatchObject({ code: 'Unavailable', retry: 'backoff', read: 65_536 });
  expect(written).toBeGreaterThan(10);
  const store = await openStore({ file, key: new Uint8Array(32) });
  const digests = Array.from({ length: written }, (_, n) => `sha256:${n}` as never);
  expect(await store.missingBlobs(digests)).toEqual([]);
  await store.write([{ put: 'fact', key: 'room', value: {} }]);
  await store.close();
  await rm(folder, { recursive: true });
});
