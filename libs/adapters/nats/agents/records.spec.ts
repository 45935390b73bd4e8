import { Duplex, PassThrough } from 'node:stream';
import { limits } from '@fairlead/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRecords, RecordWriter, writeRecord } from './records.ts';

async function recordsOf(chunks: readonly Uint8Array[]): Promise<unknown[]> {
  const stream = new PassThrough();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  const records: unknown[] = [];
  for await (const record of readRecords(stream)) records.push(record);
  return records;
}

async function written(payloads: readonly Uint8Array[]): Promise<Buffer> {
  const stream = new PassThrough();
  for (const bytes of payloads) await writeRecord(stream, { type: 'Message', bytes });
  return stream.read() as Buffer;
}

test('records come out one by one, wherever the stream was cut', async () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 2000 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(payloads, fc.integer({ min: 1, max: 700 }), async (all, size) => {
      const bytes = await written(all);
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const found = await recordsOf(chunks);
      expect(found).toHaveLength(all.length);
      for (const [at, payload] of all.entries())
        expect(Buffer.compare((found[at] as { bytes: Uint8Array }).bytes, payload)).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test.each([0, limits.messageBytes + 100, 0xffffffff])(
  'a record of %d bytes is refused before it is read',
  async (length) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    await expect(recordsOf([head])).rejects.toMatchObject({ code: 'ResourceExhausted' });
  },
);

test('bytes that are no record are refused', async () => {
  await expect(recordsOf([Buffer.from([0, 0, 0, 2, 0xff, 0xff])])).rejects.toMatchObject({ code: 'InvalidInput' });
});

test('what is under way when the stream ends is refused, though the stream says nothing', async () => {
  const stream = new Duplex({ write: () => undefined, read: () => undefined });
  const writer = new RecordWriter(stream);
  const written = Promise.allSettled([1, 2].map(() => writer.write({ type: 'Taken' })));
  writer.end();
  expect((await written).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
