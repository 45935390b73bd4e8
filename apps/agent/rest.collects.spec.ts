import { expect, test } from 'vitest';
import { restWatch } from './rest.ts';

const megabyte = 1024 * 1024;

/** A process as a test says; a collection brings it down to what is in use. */
function scripted() {
  const body = { share: 0, bytes: 100 * megabyte, inUse: 70 * megabyte, collections: 0 };
  const look = restWatch({
    busyShare: () => body.share,
    residentBytes: () => body.bytes,
    collect: () => {
      body.collections += 1;
      body.bytes = body.inUse;
    },
  });
  return { body, look };
}

test('memory is given back once the work is over, and not during it', () => {
  const { body, look } = scripted();
  body.share = 0.4;
  look();
  expect(body.collections).toBe(0);
  body.share = 0.01;
  look();
  expect(body).toMatchObject({ collections: 1, bytes: 70 * megabyte });
});

test('a process that rests and has not grown is left alone, however often it is looked at', () => {
  const { body, look } = scripted();
  for (let times = 0; times < 10; times += 1) {
    look();
    body.bytes += 0.5 * megabyte;
  }
  expect(body.collections).toBe(1);
});

test('what stays in use is not collected again and again', () => {
  const { body, look } = scripted();
  body.inUse = 100 * megabyte;
  for (let times = 0; times < 10; times += 1) look();
  expect(body.collections).toBe(1);
});
