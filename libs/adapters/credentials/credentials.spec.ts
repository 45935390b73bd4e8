import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { credentialsIn } from './index.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-credentials-'));
  await mkdir(join(folder, 'git-web'));
  await writeFile(join(folder, 'git-web', 'password'), 'first\n');
});

afterEach(() => rm(folder, { recursive: true }));

test('a rotated password counts at once', async () => {
  const read = credentialsIn(folder);
  expect(await read('git-web')).toEqual({ username: 'git', password: 'first' });
  await writeFile(join(folder, 'git-web', 'password'), 'second');
  expect((await read('git-web')).password).toBe('second');
});

test('a secret that is not there is named, with the file to make', async () => {
  await expect(credentialsIn(folder)('other')).rejects.toMatchObject({
    reason: 'SourceRejected',
    message: expect.stringContaining('other/password') as string,
  });
});

test('a name cannot lead out of the folder', async () => {
  await expect(credentialsIn(folder)('../etc')).rejects.toMatchObject({ reason: 'SourceRejected' });
});
