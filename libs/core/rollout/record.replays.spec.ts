import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { replayGates, replayRollout, type GatesRecord, type RolloutRecord } from './index.ts';

const folder = new URL('recorded/', import.meta.url);

// A record of `fairlead why --record` becomes a case by being put there, with the decision that is right.
it.each(readdirSync(folder))('recorded decision: %s', (file) => {
  const record = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as RolloutRecord | GatesRecord;
  const again = record.kind === 'Gates' ? replayGates(record) : replayRollout(record);
  expect(JSON.parse(JSON.stringify(again))).toEqual(record.decided);
});
