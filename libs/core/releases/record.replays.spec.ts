import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { replayEntry, type EntryRecord } from './index.ts';

const folder = new URL('recorded/', import.meta.url);

// A record of `fairlead why --record` becomes a case by being put there, with the decision that is right.
it.each(readdirSync(folder))('recorded decision: %s', (file) => {
  const record = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as EntryRecord;
  expect(JSON.parse(JSON.stringify(replayEntry(record)))).toEqual(record.decided);
});
