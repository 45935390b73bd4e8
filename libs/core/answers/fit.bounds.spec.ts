import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitting, shortened } from './index.ts';

test('what fits is a beginning of the items, and its JSON is no longer than allowed', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ text: fc.string({ unit: 'binary' }) })), fc.nat(400), (items, bytes) => {
      const kept = fitting(items, bytes);
      expect(kept.every((item, nth) => item === items[nth])).toBe(true);
      expect(Buffer.byteLength(JSON.stringify(kept)) - 1).toBeLessThanOrEqual(bytes + 1);
    }),
  );
});

test('a text that is too long is cut, and says how long it was', () => {
  expect(shortened('short', 100)).toBe('short');
  expect(shortened('x'.repeat(1000), 100)).toMatch(/^x{76}… \(1000 characters\)$/);
});
