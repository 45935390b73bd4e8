import { expect, test } from 'vitest';
import { complete } from './complete.ts';

const parent = {
  version: '1.0.0',
  dev: true,
  optionalDependencies: {
    'a-linux-x64-gnu': '1.0.0',
    'a-linux-arm64-musl': '1.0.0',
    'a-darwin-arm64': '1.0.0',
    fsevents: '^2.0.0',
  },
};

test('packages of other platforms are named with version and platform; what is there stays as it is', () => {
  const lock = {
    packages: { 'node_modules/a': parent, 'node_modules/a-linux-x64-gnu': { version: '1.0.0', integrity: 'sha512-x' } },
  };
  const { lock: completed, added } = complete(lock);
  expect(added).toEqual(['a-linux-arm64-musl@1.0.0', 'a-darwin-arm64@1.0.0']);
  expect(completed.packages).toMatchObject({
    'node_modules/a-darwin-arm64': { version: '1.0.0', os: ['darwin'], cpu: ['arm64'], dev: true, optional: true },
    'node_modules/a-linux-arm64-musl': { os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
    'node_modules/a-linux-x64-gnu': { version: '1.0.0', integrity: 'sha512-x' },
  });
});

test('another version at the root does not stand for the one that a parent pins', () => {
  const old = { version: '0.9.0', optional: true };
  const { lock } = complete({ packages: { 'node_modules/a': parent, 'node_modules/a-darwin-arm64': old } });
  expect(lock.packages).toMatchObject({
    'node_modules/a-darwin-arm64': old,
    'node_modules/a/node_modules/a-darwin-arm64': { version: '1.0.0' },
  });
});

test('a complete lockfile is left as it is', () => {
  const first = complete({ packages: { 'node_modules/a': parent } }).lock;
  expect(complete(first).added).toEqual([]);
});
