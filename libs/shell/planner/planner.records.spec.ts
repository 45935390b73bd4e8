import { replayEntry, type EntryRecord } from '@fairlead/core/releases';
import { replayGates, replayRollout, type GatesRecord, type RolloutRecord } from '@fairlead/core/rollout';
import { expect, it } from 'vitest';
import { join, openFleet, pass, run, type Fleet } from './fleet.fixture.ts';

type Kept = (RolloutRecord | GatesRecord | EntryRecord) & {
  readonly unit: string;
  readonly number: number;
  readonly atMs: number;
};

async function records(fleet: Fleet): Promise<Kept[]> {
  const facts = await fleet.store.facts('record:');
  return [...facts.values()]
    .map((fact) => JSON.parse(JSON.stringify(fact)) as Kept)
    .sort((a, b) => a.number - b.number);
}

/** What is kept is JSON: a field without a value is not there. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
function again(record: Kept): unknown {
  if (record.kind === 'Entry') return plain(replayEntry(record));
  return plain(record.kind === 'Gates' ? replayGates(record) : replayRollout(record));
}

it('what is recorded of a walk with a bad release is decided alike when it is run again', async () => {
  const fleet = await openFleet();
  await join(fleet, {
    'dev-1': { env: 'dev' },
    'staging-1': { env: 'staging' },
    'prod-1': { env: 'prod', tier: 'canary' },
  });
  await pass(fleet, 60_000);
  fleet.source.broken.add('2.0.0 in prod');
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  await pass(fleet, 60_000);
  await pass(fleet, 300_000);
  await pass(fleet, 300_000);
  const kept = await records(fleet);
  expect(new Set(kept.map(({ kind }) => kind))).toEqual(new Set(['Rollout', 'Gates', 'Entry']));
  expect(kept.some(({ kind, decided }) => kind === 'Rollout' && 'halt' in decided)).toBe(true);
  for (const record of kept) expect(again(record)).toEqual(record.decided);
});

it('of each unit the newest few are kept, and nothing is recorded where nothing is decided anew', async () => {
  const fleet = await openFleet();
  await join(fleet, { 'dev-1': { env: 'dev' } });
  for (let version = 2; version < 12; version += 1) {
    Object.assign(fleet.source, { version: `${version}.0.0`, revision: `r${version}` });
    await run(fleet);
  }
  const dev = (await records(fleet)).filter(({ unit }) => unit.startsWith('dev/'));
  expect(dev).toHaveLength(12);
  expect(dev.map(({ number }) => number)).toEqual(dev.map((_, at) => (dev[0]?.number ?? 0) + at));
  await run(fleet);
  expect((await records(fleet)).filter(({ unit }) => unit.startsWith('dev/'))).toEqual(dev);
});
