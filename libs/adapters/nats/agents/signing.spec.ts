import { createAccount, createUser, fromPublic } from '@nats-io/nkeys';
import { expect, test } from 'vitest';
import { signerOf } from './signing.ts';

test.each([createUser(), createAccount()])('what is signed by a seed is what its public key verifies', (key) => {
  const data = new TextEncoder().encode('a nonce of the server');
  const signature = signerOf(new TextDecoder().decode(key.getSeed()))(data);
  expect(signature).toEqual(key.sign(data));
  expect(fromPublic(key.getPublicKey()).verify(data, signature)).toBe(true);
});

test('what is no seed is refused, and not told', () => {
  for (const text of ['', 'SUSHORT', createUser().getPublicKey()]) {
    expect(() => signerOf(text)).toThrow(TypeError);
    if (text) expect(() => signerOf(text)).not.toThrow(text);
  }
});
