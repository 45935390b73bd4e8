import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedIo } from '../recorded.ts';
import { chooseHub, saveProfile } from './profile.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'fairlead-profile-'));
});
afterEach(() => rm(home, { recursive: true }));

const hub = { server: 'https://127.0.0.1:8443', caPem: 'authority', token: 'fla_secret' };
const world = (env: Record<string, string> = {}) => recordedIo({ env, home, cwd: home });

test('a profile is readable by its owner only, whatever the file was before, and leaves the others', async () => {
  const path = await saveProfile(world(), 'default', hub);
  expect(path).toBe(join(home, '.config/fairlead/config.json'));
  await chmod(path, 0o644);
  await saveProfile(world(), 'lab', { ...hub, server: 'https://lab:8443' });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await chooseHub(world(), {})).toEqual(hub);
  expect((await chooseHub(world(), { profile: 'lab' })).server).toBe('https://lab:8443');
  expect((await chooseHub(world({ FAIRLEAD_PROFILE: 'lab' }), {})).server).toBe('https://lab:8443');
});

test('the environment wins, and the token of a profile is not sent to another server', async () => {
  await saveProfile(world(), 'default', hub);
  expect(await chooseHub(world({ FAIRLEAD_SERVER: 'https://other:8443' }), {})).toEqual({
    server: 'https://other:8443',
  });
  expect(await chooseHub(world({ FAIRLEAD_TOKEN: 'mine' }), {})).toEqual({ ...hub, token: 'mine' });
  await writeFile(join(home, 'ca.pem'), 'from the file');
  expect((await chooseHub(world({ FAIRLEAD_CA: 'ca.pem' }), {})).caPem).toBe('from the file');
});

test('no profile is told with where it was looked for', async () => {
  await expect(chooseHub(world({ XDG_CONFIG_HOME: join(home, 'xdg') }), {})).rejects.toThrow(
    `${home}/xdg/fairlead/config.json has no profile \`default\``,
  );
});

test.each(['{ "profiles": { "default": { "token": "fla_secret" } } }', '{ "fla_secret'])(
  'a file that is broken is named and not quoted: %s',
  async (text) => {
    const path = join(home, '.config/fairlead/config.json');
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
    const failure = await chooseHub(world(), {}).catch((thrown: Error) => thrown.message);
    expect(failure).toContain(`Cannot use the profiles in ${path}`);
    expect(failure).not.toContain('fla_secret');
    expect(await readFile(path, 'utf8')).toBe(text);
  },
);
