import { expect, test } from 'vitest';
import { redacted } from './redact.ts';

const random = 'q3Jx0ZLkW9uYtB7eRvN2cMhPsA4dGfK8iOoUyTrEwQ1';
const hexadecimal = 'a3f0'.repeat(16);

test.each([
  ['an address', 'git said no: https://bob:hunter2@git.example/web.git', 'hunter2'],
  ['a bearer token', `sent Authorization: Bearer ${random} to it`, random],
  ['a field', 'password=hunter2&user=bob', 'hunter2'],
  ['JSON', '{"token": "hunter2"}', 'hunter2'],
  ['a join token that stands alone', `claimed ${random}.`, random],
  ['an administrator’s token', `got ${hexadecimal}`, hexadecimal],
  ['a web token', 'eyJhbGciOiJlZDI1NTE5In0.eyJqdGkiOiJYIn0.c2lnbmF0dXJl came', 'eyJqdGkiOiJYIn0'],
  ['a key', '-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----', 'MC4CAQAw'],
  ['a key that was cut off', '-----BEGIN EC PRIVATE KEY-----\nMC4CAQAw', 'MC4CAQAw'],
  ['a seed', `SU${'AB2C'.repeat(14)}`, 'AB2CAB2C'],
])('%s loses its secret', (_what, text, secret) => {
  expect(redacted(text)).not.toContain(secret);
  expect(redacted(text)).toContain('(secret)');
});

test.each([
  `sha256:${hexadecimal}`,
  'commit 0123456789abcdef0123456789abcdef01234567',
  'Cannot read https://git.example/web.git: it answers 503.',
  'Deployment checkout/web-frontend-of-the-shop-in-europe-west is not healthy',
])('what is no secret stays: %s', (text) => {
  expect(redacted(text)).toBe(text);
});
