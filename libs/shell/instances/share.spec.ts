import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownerOf } from './share.ts';

const instances = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 });

test('all that see the same instances agree, in whatever order they see them', () => {
  fc.assert(
    fc.property(fc.string(), instances, (key, names) => {
      expect(names).toContain(ownerOf(key, names));
      expect(ownerOf(key, names.toReversed())).toBe(ownerOf(key, names));
    }),
  );
});

test('when an instance goes, only what was its own moves', () => {
  fc.assert(
    fc.property(fc.string(), instances, (key, names) => {
      const owner = ownerOf(key, names);
      const gone = names.find((name) => name !== owner);
      expect(
        ownerOf(
          key,
          names.filter((name) => name !== gone),
        ),
      ).toBe(owner);
    }),
  );
});

test('nobody owns anything where nobody is', () => {
  expect(ownerOf('key', [])).toBeUndefined();
});
