import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { peopleIn } from './people.ts';

const token = (letter: string): string => letter.repeat(32);

async function opened() {
  const above = await mkdtemp(join(tmpdir(), 'fairlead-people-'));
  onTestFinished(() => rm(above, { recursive: true, force: true }));
  const folder = join(above, 'people');
  let nowMs = 0;
  const who = peopleIn(folder, { now: () => nowMs });
  const later = (): void => void (nowMs += 1_000);
  const put = async (name: string, text: string): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, name), text, { mode: 0o600 });
    later();
  };
  return { folder, who, put, later };
}

test('a person is known by the token in the file of their name, and nobody where there is none', async () => {
  const { who, put } = await opened();
  expect(who(token('a'))).toBeUndefined();
  await put('ada', `${token('a')}\n`);
  await put('bob@example.com', token('b'));
  expect(who(token('a'))).toBe('ada');
  expect(who(token('b'))).toBe('bob@example.com');
  expect(who(token('c'))).toBeUndefined();
});

test('a file that is put there is seen at once', async () => {
  const { who, put, folder } = await opened();
  await put('ada', token('a'));
  expect(who(token('a'))).toBe('ada');
  await writeFile(join(folder, 'bob'), token('b'));
  expect(who(token('b'))).toBe('bob');
});

test('a token that is changed or taken away is good for a second at most', async () => {
  const { who, put, later, folder } = await opened();
  await put('ada', token('a'));
  expect(who(token('a'))).toBe('ada');
  await put('ada', token('b'));
  expect(who(token('a'))).toBeUndefined();
  expect(who(token('b'))).toBe('ada');
  await rm(join(folder, 'ada'));
  later();
  expect(who(token('b'))).toBeUndefined();
});

test.each([
  ['an empty file', 'ada', ''],
  ['a short token', 'ada', 'short'],
  ['a hidden file', '.ada', token('a')],
  ['a name with a line break', 'ada\nbob', token('a')],
])('%s lets nobody in', async (_what, name, text) => {
  const { who, put } = await opened();
  await put(name, text);
  expect(who(text)).toBeUndefined();
  expect(who('')).toBeUndefined();
});
