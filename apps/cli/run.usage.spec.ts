import { expect, test } from 'vitest';
import { recordedIo } from './recorded.ts';
import { run } from './run.ts';

async function ran(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = recordedIo({ env: { FAIRLEAD_SERVER: 'https://127.0.0.1:1' } });
  return { code: await run(words, io), out: io.stdout(), err: io.stderr() };
}

const commands = [
  ['up'],
  ['cluster', 'join'],
  ['cluster', 'list'],
  ['cluster', 'remove'],
  ['status'],
  ['apps'],
  ['apps', 'tree'],
  ['apps', 'object'],
  ['apps', 'events'],
  ['environments'],
  ['rollouts'],
  ['why'],
  ['history'],
  ['changelog'],
  ['drift'],
  ['diff'],
  ['events'],
  ['plan'],
  ['promote'],
  ['approve'],
  ['rollback'],
  ['hold'],
  ['resume'],
  ['acknowledge'],
  ['validate'],
  ['render'],
  ['nats', 'config'],
];

test.each(commands.map((words) => [words.join(' '), words]))('help of %s shows an example', async (name, words) => {
  const { code, out, err } = await ran(...words, '--help');
  expect(code).toBe(0);
  expect(err).toBe('');
  expect(out).toMatch(new RegExp(`Examples?:\\n  fairlead (--profile lab )?${name}`));
  expect(out).toContain('--output');
});

test('every command that there is has a place in this list', async () => {
  const { out } = await ran('--help');
  const listed = out.slice(out.indexOf('Commands:'), out.indexOf('Exit codes:'));
  const named = [...listed.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
  expect(new Set(named)).toEqual(new Set([...commands.map(([first]) => first), 'help']));
});

test.each([
  ['an unknown command', ['stats'], 'Did you mean status?'],
  ['an unknown option', ['status', '--verbos'], "unknown option '--verbos'"],
  ['a missing option', ['promote', 'shop'], "required option '--to <environment>' not specified"],
  ['a missing argument', ['history'], "missing required argument 'application'"],
  ['a form that there is not', ['status', '-o', 'xml'], 'Allowed choices are table, wide, json, yaml'],
  ['an unknown kind', ['acknowledge', 'All', 'x'], 'Allowed choices are Removal, Protected, Selector, Rewrite'],
  ['a subject of another form', ['acknowledge', 'Removal', 'prod'], 'that is not how such a subject is written'],
  ['an application of three parts', ['status', 'a/b/c'], 'it is named NAME (of team default) or TEAM/NAME'],
  ['labels without a value', ['cluster', 'join', 'dev', '-l', 'env'], 'write them as key=value,key=value'],
  ['a cluster of a name that cannot be', ['cluster', 'join', 'Dev'], "a cluster's name has lower-case letters"],
  ['a count of nothing', ['history', 'shop', '--limit', '0'], 'a whole number of at least 1'],
  ['a fleet that is no URL', ['up', '--fleet', 'fleet'], 'no http or https URL'],
  ['a fleet with credentials in it', ['up', '--fleet', 'https://ada:geheim@git.example.com/f'], '--password-file'],
  ['an address without a port', ['up', '--fleet', 'https://git.example.com/f', '--listen', 'here'], 'HOST:PORT'],
  ['a poll that is no duration', ['up', '--fleet', 'https://git.example.com/f', '--poll', '5'], 'not a duration'],
  ['a password file that is not there', ['up', '--fleet', 'https://g.example.com/f', '--password-file', 'x'], 'ENOENT'],
  ['a source without a folder', ['render', '-a', 'a', '-e', 'b', '-c', 'c', '--source', 'main'], 'write NAME=DIR'],
])('%s is a usage error', async (_what, words, wanted) => {
  const { code, out, err } = await ran(...words);
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(err).toContain(wanted);
  expect(err).not.toContain('geheim');
  expect(err).not.toMatch(/^\s+at .*\.ts:\d+/m);
});

test('nothing at all is answered with the help', async () => {
  const { code, err } = await ran();
  expect(code).toBe(2);
  expect(err).toContain('Exit codes: 0 done');
});
