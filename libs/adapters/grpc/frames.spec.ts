import { limits } from '@fairlead/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameOf, Frames } from './frames.ts';

test('messages come out as they went in, wherever the bytes are cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(frameOf));
      const frames = new Frames();
      const found: Uint8Array[] = [];
      for (let from = 0, cut = 0; from < bytes.length; cut += 1) {
        const to = from + (cuts[cut % cuts.length] ?? 1);
        frames.push(bytes.subarray(from, to));
        from = to;
        for (let message = frames.take(); message; message = frames.take()) found.push(new Uint8Array(message));
      }
      expect(found).toEqual(sent);
    }),
  );
});

test('a message over the limit is refused by its length, before it is there', () => {
  const frames = new Frames();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(limits.messageBytes + 1, 1);
  frames.push(prefix);
  expect(() => frames.take()).toThrow(expect.objectContaining({ code: 'ResourceExhausted' }));
});

test('a compressed message is refused', () => {
  const frames = new Frames();
  frames.push(Buffer.from([1, 0, 0, 0, 0]));
  expect(() => frames.take()).toThrow('it is compressed');
});
