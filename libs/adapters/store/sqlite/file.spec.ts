import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, headRow, statusRow } from '@fairlead/ports/contracts/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from './open.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

const key = new Uint8Array(32).fill(7);
const open = (options: { key?: Uint8Array } = {}) => openStore({ file: join(folder, 'hub.sqlite'), key, ...options });

test('what was written is there after the store was closed and opened again, under the same id', async () => {
  const first = await open();
  await first.write([
    { put: 'head', row: headRow('one', 1, 2) },
    { put: 'status', row: statusRow('one', 'web/shop') },
  ]);
  const before = [first.id, await first.cluster('one' as never), await first.statuses({}), await first.counts()];
  await first.close();
  const second = await open();
  expect([second.id, await second.cluster('one' as never), await second.statuses({}), await second.counts()]).toEqual(
    before,
  );
  await second.close();
});

test('a second process on the same file is refused and told why', async () => {
  const first = await open();
  await expect(open()).rejects.toMatchObject({
    code: 'FailedPrecondition',
    message: expect.stringContaining('another process holds it'),
  });
  await first.close();
});

test('the text of a secret blob is nowhere in the file', async () => {
  const text = 'correct horse battery staple';
  const store = await open();
  await store.write([
    { put: 'blob', row: { digest: digestOf('a'), data: new TextEncoder().encode(text), secret: true } },
    { put: 'blob', row: { digest: digestOf('b'), data: new TextEncoder().encode('plain words'), secret: false } },
  ]);
  await store.close();
  const file = await readFile(join(folder, 'hub.sqlite'));
  expect(file.includes('plain words')).toBe(true);
  expect(file.includes(text)).toBe(false);
});

test('a secret blob under another key is an error that says what to do', async () => {
  const first = await open();
  await first.write([{ put: 'blob', row: { digest: digestOf('a'), data: new Uint8Array([1]), secret: true } }]);
  await first.close();
  const second = await open({ key: new Uint8Array(32).fill(8) });
  await expect(second.blobs([digestOf('a')])).rejects.toMatchObject({ code: 'DataLoss', reason: 'DigestMismatch' });
  await second.close();
});

test('a closed store answers with Unavailable', async () => {
  const store = await open();
  await store.close();
  await expect(store.counts()).rejects.toMatchObject({ code: 'Unavailable', reason: 'Shutdown' });
});

test('a call that fails takes none of those down that became durable with it', async () => {
  const store = await open();
  await store.write([{ put: 'head', row: headRow('one', 2, 1) }]);
  const results = await Promise.allSettled([
    store.write([{ put: 'fact', key: 'a', value: {} }]),
    store.write([
      { put: 'fact', key: 'b', value: {} },
      { put: 'head', row: headRow('one', 1, 1) },
    ]),
    store.write([{ put: 'fact', key: 'c', value: {} }]),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect([...(await store.facts('')).keys()]).toEqual(['a', 'c']);
  await store.close();
});

test('a call that cannot cross to the thread fails alone', async () => {
  const store = await open();
  const results = await Promise.allSettled([
    store.write([{ put: 'fact', key: 'a', value: {} }]),
    store.write([{ put: 'fact', key: 'b', value: { no: (() => undefined) as never } }]),
    store.counts(),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  await store.close();
});
