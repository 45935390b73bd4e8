import { expect, it } from 'vitest';
import type { ApplicationId, CommitSha, Digest } from '@fairlead/core/model';
import { keyOfRelease, type ReleaseRef } from '@fairlead/core/releases';
import { questionKey, type AskingGate } from '@fairlead/core/rollout';
import type { CheckReply } from '@fairlead/ports/checks';
import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { unitOf } from '../units.ts';
import { answersOf, startChecks, type Question } from './runner.ts';

const release = (version: string): ReleaseRef => ({
  version,
  digest: `sha256:${'0'.repeat(64)}` as Digest,
  definition: { repository: 'https://git.example.com/fleet', commit: 'd'.repeat(40) as CommitSha },
  sources: { main: { revision: version, digest: `sha256:${'1'.repeat(64)}` as Digest } },
  renderer: {},
});
const gate: AskingGate = {
  check: {
    http: { url: 'https://checks.example.com/${release.version}', method: 'GET' },
    pass: 'response.status == 200',
    timeout: '10s',
    retries: 1,
    every: '1m',
  },
};
const unit = unitOf('web/shop' as ApplicationId, 'prod');
const question = (version: string): Question => ({ unit, release: release(version), gate });

/** A server that answers when it is told to. */
function world() {
  const held: PromiseWithResolvers<CheckReply>[] = [];
  const urls: string[] = [];
  let told = Promise.withResolvers<void>();
  const heard: string[] = [];
  const wrong: unknown[] = [];
  let awaited = 1;
  const store = memoryStore();
  const ask = ({ url }: { url: string }) => {
    const reply = Promise.withResolvers<CheckReply>();
    held.push(reply);
    urls.push(url);
    return reply.promise;
  };
  const note = (list: unknown[], one: unknown) => {
    list.push(one);
    if (heard.length + wrong.length === awaited) told.resolve();
  };
  const runner = startChecks(
    { checks: { ask }, store, clock: manualClock(1_000) },
    { answered: (key) => note(heard, key), onError: (thrown) => note(wrong, thrown) },
  );
  const heardOf = (count: number) => {
    awaited = count;
    told = Promise.withResolvers<void>();
    return told.promise;
  };
  return { held, urls, heard, wrong, store, runner, heardOf };
}

it('asks a question once at a time, eight at most, and keeps each answer under its candidate', async () => {
  const { held, urls, runner, store, heardOf } = world();
  runner.ask(Array.from({ length: 12 }, (_, n) => question(`${n}`)));
  runner.ask([question('0'), question('11')]);
  expect(urls).toHaveLength(8);
  const all = heardOf(12);
  for (let at = 0; at < 12; at += 1) {
    await expect.poll(() => held.length).toBeGreaterThan(at);
    held[at]?.resolve({ status: at % 2 === 0 ? 200 : 503, body: '' });
  }
  await all;
  expect(urls).toEqual(Array.from({ length: 12 }, (_, n) => `https://checks.example.com/${n}`));
  const kept = await answersOf(store, unit.key);
  expect(Object.keys(kept)).toEqual(['7', '8', '9', '10', '11'].map((version) => keyOfRelease(release(version))));
  expect(kept[keyOfRelease(release('10'))]?.[questionKey(gate)]).toMatchObject({ outcome: 'Yes', goodUntilMs: 61_000 });
  expect(kept[keyOfRelease(release('11'))]?.[questionKey(gate)]).toMatchObject({ outcome: 'No' });
});

it('tells of an answer that cannot be kept, and keeps the next one', async () => {
  const { held, runner, store, wrong, heard, heardOf } = world();
  const write = store.write.bind(store);
  store.write = async () => Promise.reject(new Error('the disk is full'));
  runner.ask([question('1')]);
  runner.ask([question('2')]);
  const both = heardOf(2);
  held[0]?.resolve({ status: 200, body: '' });
  await expect.poll(() => wrong.length).toBe(1);
  store.write = write;
  held[1]?.resolve({ status: 200, body: '' });
  await both;
  expect(heard).toEqual([unit.key]);
});

it('asks what was not answered soon again as often as the gate allows, and then as often as any other', async () => {
  const { held, runner, store, heardOf } = world();
  const waits: number[] = [];
  for (let times = 1; times <= 3; times += 1) {
    const told = heardOf(times);
    await expect.poll(() => (runner.ask([question('1')]), held.length)).toBe(times);
    held[times - 1]?.reject(new Error('nobody is there'));
    await told;
    const kept = (await answersOf(store, unit.key))[keyOfRelease(release('1'))]?.[questionKey(gate)];
    waits.push((kept?.goodUntilMs ?? 0) - 1_000);
  }
  expect(waits).toEqual([5_000, 60_000, 60_000]);
});

it('keeps nothing once it is closed', async () => {
  const { held, runner, store } = world();
  runner.ask([question('1')]);
  runner.close();
  held[0]?.resolve({ status: 200, body: '' });
  await held[0]?.promise;
  runner.ask([question('2')]);
  expect(held).toHaveLength(1);
  expect(await answersOf(store, unit.key)).toEqual({});
});
