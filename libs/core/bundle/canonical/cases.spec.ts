import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifests } from '@fairlead/core/documents';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './json.ts';
import { canonicalObject } from './object.ts';

const folder = join(import.meta.dirname, 'cases');

function read(name: string) {
  return parseManifests(readFileSync(join(folder, name), 'utf8'), { file: name }).map(({ object }) => object);
}

describe('cases of the canonical form', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.given.yaml'));

  it.each(names)('%s', (name) => {
    const wanted = read(name.replace('.given.', '.canonical.'));
    expect(read(name).map((object) => canonicalJson(canonicalObject(object)))).toEqual(wanted.map(canonicalJson));
    expect(wanted.length).toBeGreaterThan(0);
  });
});
