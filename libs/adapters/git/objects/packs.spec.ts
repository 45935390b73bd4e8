import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openGitRepository } from '../index.ts';
import { applyDelta } from './delta.ts';
import { openPacks, type Packs } from './packs.ts';

async function read(packs: Packs, oids: readonly string[]): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for await (const [oid, bytes] of packs.blobs(oids)) found.set(oid, bytes);
  return found;
}

describe('packs as a git server makes them', () => {
  /** Alike enough that git packs them as deltas of one another, in chains. */
  const textOf = (file: number, round: number): string =>
    `kind: Thing # ${file}\n${Array.from({ length: 60 }, (_, line) => `line-${line}: ${line % 7 === file % 7 ? round : line * 31}`).join('\n')}\n`;
  const files = (round: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 200 }, (_, file) => [`f-${file}.yaml`, textOf(file, round)]));
  let server: GitServer;
  let folder: string;
  let packFolder: string;
  let oids: Map<string, string>;

  beforeEach(async () => {
    server = await startGitServer();
    folder = await mkdtemp(join(tmpdir(), 'fairlead-packs-'));
    const url = await server.createRepository('fleet');
    for (const round of [0, 1, 2, 3]) await server.commit('fleet', { files: files(round), message: `Round ${round}` });
    const repository = await openGitRepository({ url, branch: 'main', folder });
    const head = await repository.fetch();
    oids = new Map((await repository.files(head)).map(({ oid, path }) => [oid, path]));
    repository.close();
    packFolder = join(folder, 'g1/objects/pack');
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('give every blob, deltas among them, and leave out what they do not hold', async () => {
    const found = await read(openPacks(join(folder, 'g1')), [...oids.keys(), 'f'.repeat(40)]);
    expect(found.size).toBe(oids.size);
    const texts = new Map([...found].map(([oid, bytes]) => [oids.get(oid), Buffer.from(bytes).toString()]));
    expect(Object.fromEntries(texts)).toEqual(files(3));
  });

  test('that are damaged give nothing that is not what its name says', async () => {
    const [pack = ''] = (await readdir(packFolder)).filter((name) => name.endsWith('.pack'));
    const whole = await readFile(join(packFolder, pack));
    const packs = openPacks(join(folder, 'g1'));
    for (let at = 12; at < whole.length; at += Math.ceil(whole.length / 40)) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x5a;
      await writeFile(join(packFolder, pack), damaged);
      for (const [oid, bytes] of await read(packs, [...oids.keys()]))
        expect(Buffer.from(bytes).toString()).toBe(files(3)[oids.get(oid) ?? '']);
    }
    await writeFile(join(packFolder, pack), whole.subarray(0, 100));
    expect((await read(packs, [...oids.keys()])).size).toBe(0);
  });

  test('are left to others where their index is of no use or gone', async () => {
    const [index = ''] = (await readdir(packFolder)).filter((name) => name.endsWith('.idx'));
    const whole = await readFile(join(packFolder, index));
    for (const bytes of [whole.subarray(0, 500), Buffer.concat([Buffer.alloc(4), whole.subarray(4)])]) {
      await writeFile(join(packFolder, index), bytes);
      expect((await read(openPacks(join(folder, 'g1')), [...oids.keys()])).size).toBe(0);
    }
    await rm(join(packFolder, index));
    expect((await read(openPacks(join(folder, 'g1')), [...oids.keys()])).size).toBe(0);
  });
});

const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((array) => Buffer.from(array));
/** Seven bits a byte, the lowest first. */
const head = (from: number, to: number): Buffer => Buffer.from([from, (to & 0x7f) | 0x80, to >> 7]);
const ops = bytes.chain((base) =>
  fc.record({
    base: fc.constant(base),
    ops: fc.array(
      fc.oneof(
        bytes.map((fresh) => ({ made: fresh, op: Buffer.from([fresh.length, ...fresh]) })),
        fc.nat({ max: base.length - 1 }).chain((begin) =>
          fc.integer({ min: 1, max: base.length - begin }).map((length) => ({
            made: base.subarray(begin, begin + length),
            op: Buffer.from([0x91, begin, length]),
          })),
        ),
      ),
      { maxLength: 20 },
    ),
  }),
);

test('whatever stands in a delta is made of its base and of what it brings', () => {
  fc.assert(
    fc.property(ops, ({ base, ops: parts }) => {
      const made = Buffer.concat(parts.map((part) => part.made));
      const delta = Buffer.concat([head(base.length, made.length), ...parts.map(({ op }) => op)]);
      expect(applyDelta(base, delta)).toEqual(made);
      expect(
        applyDelta(base, Buffer.concat([head(base.length, made.length + 1), ...parts.map(({ op }) => op)])),
      ).toBeUndefined();
    }),
  );
});

test('whatever a damaged delta says, it makes the length that it names or nothing', () => {
  fc.assert(
    fc.property(bytes, bytes, (base, rest) => {
      const made = applyDelta(base, Buffer.concat([Buffer.from([base.length, 100]), rest]));
      expect(made?.length ?? 100).toBe(100);
    }),
  );
  const endless = Buffer.from([3, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x91, 0, 3]);
  expect(applyDelta(Buffer.from('abc'), endless)).toBeUndefined();
});

test('a delta copies from its base and takes in what is new', () => {
  const base = Buffer.from('the quick brown fox');
  const delta = Buffer.from([19, 10, 0x90, 4, 3, ...Buffer.from('big'), 0x91, 16, 3]);
  expect(applyDelta(base, delta)?.toString()).toBe('the bigfox');
  expect(applyDelta(base.subarray(1), delta)).toBeUndefined();
  expect(applyDelta(base, delta.subarray(0, -3))).toBeUndefined();
});
