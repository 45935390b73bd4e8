import type { ChangesView } from '@fairlead/wire/rest';
import { startScriptedHub, type ScriptedHub } from '@fairlead/testkit/scripted';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedIo } from '../recorded.ts';
import { run } from '../run.ts';

const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [string, string, string];
const url = 'https://git.example.com/shop';
const commit = (name: string, subject: string) => ({
  commit: name,
  subject,
  author: { name: 'Ada', email: 'ada@example.com' },
  timeMs: 1,
});
const source = {
  name: 'main',
  url,
  from: one,
  to: three,
  commits: [commit(three, 'Add b'), commit(two, 'Ring the till once')],
  more: false,
  reached: true,
  back: false,
};
const promoted: ChangesView = {
  application: 'default/shop',
  environment: 'prod',
  commit: 'd'.repeat(40),
  timeMs: Date.UTC(2026, 10, 22, 12),
  author: 'ada',
  action: 'Promote',
  version: '1.1.0',
  release: `sha256:${'b'.repeat(64)}`,
  definition: 'f'.repeat(40),
  before: { version: '1.0.0', release: `sha256:${'a'.repeat(64)}`, definition: 'f'.repeat(40) },
  sources: [source],
};

let hub: ScriptedHub;
beforeEach(async () => {
  hub = await startScriptedHub();
});
afterEach(() => hub.close());

async function ran(items: ChangesView[], ...words: string[]) {
  hub.answers.listChanges = { items };
  const env = { FAIRLEAD_SERVER: hub.url, FAIRLEAD_TOKEN: hub.token, FAIRLEAD_CA: hub.caPem };
  const io = recordedIo({ env, nowMs: 0 });
  const code = await run(['changelog', 'shop', ...words], io);
  return { code, out: io.stdout(), err: io.stderr() };
}

/** What is said of one source, and its commits. */
async function told(changes: Partial<ChangesView['sources'][number]>): Promise<string[]> {
  const { out } = await ran([{ ...promoted, sources: [{ ...source, ...changes }] }]);
  return out.trimEnd().split('\n').slice(1);
}

test('a promotion is shown with the release before it, and the commits between them', async () => {
  const { code, out } = await ran([promoted], '-e', 'prod');
  expect(code).toBe(0);
  expect(out.split('\n')).toEqual([
    '2026-11-22 12:00:00 default/shop in prod: 1.1.0, from 1.0.0 (Promote dddddddddddd by ada)',
    `  main ${url}: 111111111111..333333333333`,
    '    333333333333 Add b (Ada)',
    '    222222222222 Ring the till once (Ada)',
    '',
  ]);
  expect(hub.requests[0]?.url.search).toBe('?application=default%2Fshop&environment=prod&limit=10');
});

test('the first release, and another definition, are shown as such', async () => {
  const { before: _, ...first } = promoted;
  const { from: _from, ...fresh } = { ...source, commits: [] };
  const { out } = await ran([{ ...first, sources: [fresh] }]);
  expect(out).toContain('1.1.0, the first release there (');
  expect(out).toContain(`  main ${url}: new, at 333333333333\n`);
  const defined = await ran([{ ...promoted, definition: 'e'.repeat(40) }]);
  expect(defined.out).toContain('  definition: ffffffffffff..eeeeeeeeeeee of the fleet repository\n');
});

test.each([
  ['a return', { back: true, reached: false }, '111111111111..333333333333, went back; taken out:', 2],
  ['a cut', { more: true }, '111111111111..333333333333', 3],
  ['no commit under the root', { commits: [] }, 'nothing changed under its root', 0],
  ['an equal revision', { from: three, commits: [] }, 'as before, at 333333333333', 0],
  ['a rewrite', { reached: false }, 'of another line of history; since they parted:', 2],
  [
    'a rewrite that nothing is known of',
    { reached: false, more: true, commits: Array.from({ length: 50 }, () => commit(two, 'Old')) },
    'was not found to lead to 111111111111; its newest:',
    6,
  ],
  [
    'a problem',
    { commits: [], reached: false, problem: { reason: 'SourceRejected', message: 'Cannot read it.' } },
    'Cannot read it. (SourceRejected)',
    0,
  ],
])('%s of a source is shown', async (_what, changes, words, lines) => {
  const [head, ...rest] = await told(changes);
  expect(head).toContain(words);
  expect(rest).toHaveLength(lines);
});

test('what a return took out is marked, and that there is more is said', async () => {
  expect((await told({ back: true, reached: false })).at(-1)).toBe('    - 222222222222 Ring the till once (Ada)');
  expect((await told({ more: true })).at(-1)).toBe('    and more');
});

test('a source that is gone is shown without a URL', async () => {
  const { url: _url, to: _to, ...gone } = { ...source, commits: [] };
  const { out } = await ran([{ ...promoted, sources: [gone] }]);
  expect(out).toContain('  main: no source of it any more\n');
});

test('text of a commit cannot steer the terminal', async () => {
  const { out } = await ran([{ ...promoted, sources: [{ ...source, commits: [commit(two, 'a\u001b[2Jb')] }] }]);
  expect(out).toContain('222222222222 a[2Jb (Ada)');
});

test('as data it is what the hub said, asked in pages that the hub gives', async () => {
  const { out } = await ran([promoted], '-o', 'json', '--limit', '30');
  expect(JSON.parse(out)).toEqual({ items: [promoted] });
  expect(hub.requests[0]?.url.searchParams.get('limit')).toBe('20');
});

test('with nothing promoted it says so', async () => {
  expect(await ran([])).toMatchObject({ code: 0, out: '', err: 'Nothing was promoted there yet.\n' });
});
