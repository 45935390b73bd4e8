import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf } from './lines.ts';

async function read(chunks: readonly Buffer[], maxBytes = 1_000_000): Promise<string[]> {
  const lines: string[] = [];
  async function* stream(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  for await (const line of linesOf(stream(), maxBytes)) lines.push(line);
  return lines;
}

describe('lines of a stream', () => {
  it('are the same however the stream is cut', async () => {
    const texts = fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', '') || 'x'));
    await fc.assert(
      fc.asyncProperty(texts, fc.array(fc.nat(40)), async (lines, cuts) => {
        const whole = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, whole.length]) {
          chunks.push(whole.subarray(at, at + cut));
          at += cut;
        }
        expect(await read(chunks)).toEqual(lines);
      }),
    );
  });

  it('leave out empty ones and a last one that is cut off', async () => {
    expect(await read([Buffer.from('a\n\nb\nc')])).toEqual(['a', 'b']);
  });

  it('are refused beyond the bound, also before their end has come', async () => {
    await expect(read([Buffer.from('123456\n')], 5)).rejects.toThrow(RangeError);
    await expect(read([Buffer.from('123'), Buffer.from('456')], 5)).rejects.toThrow(RangeError);
    expect(await read([Buffer.from('12345\n123'), Buffer.from('45\n')], 5)).toEqual(['12345', '12345']);
  });
});
