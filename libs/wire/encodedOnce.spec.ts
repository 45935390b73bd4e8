import type { Digest, HubMessage } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { decodeHubMessage, encodeHubMessage } from './hub.ts';

const digest = `sha256:${'ab'.repeat(32)}` as Digest;
const objects = (data: Uint8Array): HubMessage => ({
  type: 'Objects',
  blobs: [{ digest, part: 0, parts: 1, data }],
  missing: [],
});

test('the same Objects message is encoded once, whoever sends it', () => {
  const message = objects(new Uint8Array([1, 2, 3]));
  expect(encodeHubMessage(message)).toBe(encodeHubMessage(message));
  expect(decodeHubMessage(encodeHubMessage(message))).toEqual(message);
});

test('another one of the same content is another message', () => {
  const [one, other] = [objects(new Uint8Array([1])), objects(new Uint8Array([1]))];
  expect(encodeHubMessage(one)).not.toBe(encodeHubMessage(other));
  expect(encodeHubMessage(one)).toEqual(encodeHubMessage(other));
});
