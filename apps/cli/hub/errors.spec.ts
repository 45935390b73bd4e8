import { startScriptedHub, type ScriptedHub } from '@fairlead/testkit/scripted';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedIo } from '../recorded.ts';
import { run } from '../run.ts';
import { hubClient } from './client.ts';

let hub: ScriptedHub;
beforeEach(async () => {
  hub = await startScriptedHub();
});
afterEach(() => hub.close());

function io(env: Record<string, string> = {}) {
  return recordedIo({ env: { FAIRLEAD_SERVER: hub.url, FAIRLEAD_TOKEN: hub.token, FAIRLEAD_CA: hub.caPem, ...env } });
}

test('a hub that is down is one clear error with the next step', async () => {
  await hub.close();
  const world = io();
  expect(await run(['apps'], world)).toBe(3);
  expect(world.stderr().split('\n')).toEqual([
    `error: Cannot reach the hub at ${hub.url}: nothing listens there.`,
    '  (HubUnreachable)',
    '  next: start a hub with `fairlead up --fleet URL`, or name another with --profile or FAIRLEAD_SERVER',
    '',
  ]);
});

test('a hub of another authority is not trusted, and is not sent the token', async () => {
  const other = await startScriptedHub();
  const world = io({ FAIRLEAD_CA: other.caPem });
  expect(await run(['apps'], world)).toBe(3);
  await other.close();
  expect(world.stderr()).toContain(`error: Cannot trust the hub at ${hub.url}`);
  expect(hub.requests).toEqual([]);
});

test('a token is not sent in the clear', async () => {
  const world = io({ FAIRLEAD_SERVER: hub.url.replace('https', 'http') });
  expect(await run(['apps'], world)).toBe(2);
  expect(world.stderr()).toContain('a token is not sent in the clear');
});

test('a wrong token is told with where the right one is, and is not told itself', async () => {
  const world = io({ FAIRLEAD_TOKEN: 'fla_wrong' });
  expect(await run(['apps'], world)).toBe(1);
  expect(world.stderr()).toContain('(TokenInvalid)');
  expect(world.stderr()).toContain('next: set FAIRLEAD_TOKEN to the content of admin-token');
  expect(world.stderr()).not.toContain('fla_wrong');
});

test('a refusal shows file, line, object and field', async () => {
  hub.answers.promote = {
    status: 412,
    code: 'FailedPrecondition',
    reason: 'InvalidDocument',
    detail: 'Cannot promote default/shop: its document is broken. Correct it.',
    file: 'applications/shop.yaml',
    line: 7,
    object: 'Application shop',
    field: 'spec.gates',
  };
  const world = io();
  expect(await run(['promote', 'shop', '--to', 'prod'], world)).toBe(1);
  expect(world.stderr().split('\n').slice(0, 2)).toEqual([
    'error: Cannot promote default/shop: its document is broken. Correct it.',
    '  at applications/shop.yaml:7 Application shop spec.gates (InvalidDocument)',
  ]);
});

test('what is not there has an exit code of its own', async () => {
  expect(await run(['status', 'web/none'], io())).toBe(3);
});

test('a server that is no hub is told from one that refuses', async () => {
  hub.answers.getFleet = { status: 502 };
  const world = io();
  expect(await run(['status'], world)).toBe(1);
  expect(world.stderr()).toContain('it is 502 without a problem');
});

test('an answer of another form is no answer', async () => {
  hub.answers.listApplications = (): never => ({ items: [{ name: 'shop' }] }) as never;
  const world = io();
  expect(await run(['apps'], world)).toBe(1);
  expect(world.stderr()).toContain("Use the CLI of the hub's version.");
});

test('the stack comes only where it is asked for', async () => {
  const world = io({ FAIRLEAD_DEBUG: '1' });
  await run(['status', 'web/none'], world);
  expect(world.stderr()).toMatch(/^\s+at .*problem\.ts:\d+/m);
});

test('a GET is tried again where the hub says later, a POST never', async () => {
  const { url: server, token, caPem } = hub;
  const client = hubClient({ server, token, caPem }, { pausesMs: [1, 1] });
  const busy = { status: 503, code: 'Unavailable', reason: 'Shutdown', detail: 'Cannot answer: stopping.' } as const;
  let left = 2;
  hub.answers.listApplications = () => (left-- > 0 ? busy : { items: [] });
  hub.answers.promote = busy;
  expect(await client.list('listApplications')).toEqual([]);
  const body = { application: 'default/shop', environment: 'prod' };
  await expect(client.call('promote', { body })).rejects.toMatchObject({ code: 'Unavailable' });
  expect(hub.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'POST']);
});

test('an answer that does not end within the bounds is given up', async () => {
  const { url: server, token, caPem } = hub;
  const limits = { connectMs: 1_000, answerMs: 1_000, maxBytes: 10 };
  const client = hubClient({ server, token, caPem }, { bounds: limits, pausesMs: [] });
  hub.answers.listApplications = { items: [] };
  await expect(client.call('listApplications')).rejects.toThrow('the answer is larger than 10 bytes');
});
