import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { binarySpec } from './catalogue.ts';
import { NoGo } from './goBuild.ts';
import { type Places, resolveBinary } from './resolve.ts';

const spec = binarySpec('etcd');
let folder: string;
let assets: string;
let cached: string;
let events: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-resolve-'));
  assets = join(folder, 'assets');
  cached = join(folder, 'cache', `etcd-${spec.version}`);
  events = [];
  await mkdir(assets);
});
afterEach(() => rm(folder, { recursive: true }));

async function writeProgram(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho '${text}'\n`);
  await chmod(path, 0o755);
}

function places(overrides: Partial<Places> = {}): Places {
  return {
    assetsFolder: assets,
    cacheFolder: join(folder, 'cache'),
    log: (line) => void events.push(line),
    async download(_, destination) {
      events.push('download');
      await writeProgram(destination, 'downloaded');
      return true;
    },
    async build(_, destination) {
      events.push('build');
      await writeProgram(destination, 'built');
    },
    ...overrides,
  };
}

const noDownload: Partial<Places> = { download: () => Promise.resolve(false) };

test('the assets folder comes first when its program is of the pinned minor version', async () => {
  const minor = spec.version.slice(1).split('.').slice(0, 2).join('.');
  await writeProgram(join(assets, 'etcd'), `etcd Version: ${minor}.0`);
  await writeProgram(cached, 'cached');
  expect(await resolveBinary(spec, places())).toBe(join(assets, 'etcd'));
  expect(events).toEqual([]);
});

test('a program of another version in the assets folder is named and passed over', async () => {
  await writeProgram(join(assets, 'etcd'), 'etcd Version: 2.3.8');
  await writeProgram(cached, 'cached');
  expect(await resolveBinary(spec, places())).toBe(cached);
  expect(events).toEqual([expect.stringContaining('is version 2.3.8')]);
});

test('the cache comes before the download', async () => {
  await writeProgram(cached, 'cached');
  expect(await resolveBinary(spec, places())).toBe(cached);
  expect(events).toEqual([]);
});

test('the download comes before the build', async () => {
  expect(await resolveBinary(spec, places())).toBe(cached);
  expect(events).toEqual(['download']);
});

test('what cannot be downloaded is built, once, and found in the cache from then on', async () => {
  await resolveBinary(spec, places(noDownload));
  await resolveBinary(spec, places(noDownload));
  expect(events).toEqual(['build']);
  expect(await readFile(cached, 'utf8')).toContain('built');
});

test('two that ask at the same time do the work once', async () => {
  const paths = await Promise.all([resolveBinary(spec, places(noDownload)), resolveBinary(spec, places(noDownload))]);
  expect(paths).toEqual([cached, cached]);
  expect(events.filter((event) => event === 'build')).toHaveLength(1);
});

test('without Go the error names what to install', async () => {
  const build = (): Promise<void> => Promise.reject(new NoGo('go is not installed'));
  await expect(resolveBinary(spec, places({ ...noDownload, build }))).rejects.toThrow(
    new RegExp(`Cannot provide etcd ${spec.version}: .* there is no Go to build it. Install Go 1.26 or newer`),
  );
});

test('where nothing can be built the error names the folder to put it into', async () => {
  await expect(resolveBinary(spec, places({ ...noDownload, build: undefined }))).rejects.toThrow(
    /it can be built only in a checkout of Fairlead\. .* set KUBEBUILDER_ASSETS to the folder/,
  );
});

test('a failed build shows the words of the compiler and leaves the lock free', async () => {
  const build = (): Promise<void> => Promise.reject(new Error('missing go.sum entry'));
  await expect(resolveBinary(spec, places({ ...noDownload, build }))).rejects.toThrow('missing go.sum entry');
  expect(await resolveBinary(spec, places())).toBe(cached);
});
