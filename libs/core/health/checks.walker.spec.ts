import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { groupOf, type KubeObject } from '@fairlead/core/model';
import { assessHealth, hasRule, type CheckContext, type Health } from './index.ts';
import { checks } from './registry.ts';

interface Case {
  readonly name: string;
  /** Where the case is of a sibling that the check is for as well. */
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly object: Partial<KubeObject>;
  readonly bindingMode?: 'Immediate' | 'WaitForFirstConsumer';
  readonly expect: Health;
}

interface CaseFile {
  readonly apiVersion: string;
  /** Other kinds of the check: of its group, or as `GROUP/KIND`. */
  readonly also?: readonly string[];
  readonly cases: readonly Case[];
}

const root = new URL('checks/', import.meta.url);
const folders = readdirSync(root).flatMap((group) =>
  readdirSync(new URL(`${group}/`, root)).map((kind) => `${group}/${kind}`),
);
const read = (path: string) => load(readFileSync(new URL(path, import.meta.url), 'utf8')) as CaseFile;
const files = new Map(folders.map((folder) => [folder, read(`checks/${folder}/cases.yaml`)] as const));
const namesOf = (folder: string) => {
  const group = folder.split('/')[0];
  return [folder, ...(files.get(folder)?.also ?? []).map((kind) => (kind.includes('/') ? kind : `${group}/${kind}`))];
};

const objectOf = (one: Case, file: CaseFile, kind: string): KubeObject => ({
  apiVersion: one.apiVersion ?? file.apiVersion,
  kind: one.kind ?? kind,
  ...one.object,
  metadata: { name: 'it', ...one.object.metadata },
});

function healthOf(one: Case, object: KubeObject): Health {
  const mode = one.bindingMode;
  const context: CheckContext = mode === undefined ? {} : { bindingMode: () => mode };
  return assessHealth(object, context);
}

describe('the checks of kinds', () => {
  it('are registered, every folder with its siblings and nothing else', () => {
    expect([...checks.keys()].sort()).toEqual(folders.flatMap(namesOf).sort());
  });

  it('stand in the guide, each kind in the row of its group', () => {
    const guide = readFileSync(new URL('../../../docs/guides/health.md', import.meta.url), 'utf8').split('\n');
    const missing = [...checks.keys()].filter((name) => {
      const [group = '', kind = ''] = name.split('/');
      const row = guide.find((line) => line.startsWith('|') && line.split('|')[1]?.includes(group));
      return !row
        ?.split('|')[2]
        ?.split(',')
        .some((named) => named.trim() === kind);
    });
    expect(missing).toEqual([]);
  });

  it('consist of a check and its cases alone', () => {
    const listed = folders.map((folder) => readdirSync(new URL(`${folder}/`, root)).sort());
    expect(listed).toEqual(folders.map(() => ['cases.yaml', 'check.ts']));
  });
});

describe.each(folders)('%s', (folder) => {
  const [group = '', kind = ''] = folder.split('/');
  const file = files.get(folder) as CaseFile;
  const cases = file.cases.map((one) => ({ one, object: objectOf(one, file, kind) }));

  it('is watched whole, with its siblings', () => {
    for (const name of namesOf(folder)) {
      const [itsGroup = '', itsKind = ''] = name.split('/');
      expect(hasRule(itsGroup === 'core' ? '' : itsGroup, itsKind)).toBe(true);
    }
    expect(groupOf(file.apiVersion) || 'core').toBe(group);
  });

  it('has cases of every kind that it is for, and of the corners that every kind has', () => {
    const kinds = cases.map(({ object }) => `${groupOf(object.apiVersion) || 'core'}/${object.kind}`);
    expect([...new Set(kinds)].sort()).toEqual(namesOf(folder).sort());
    const corners = {
      healthy: cases.some(({ one }) => one.expect.status === 'Healthy'),
      deleted: cases.some(({ one }) => one.expect.reason === 'ObjectTerminating'),
      withoutStatus: cases.some(({ object }) => Object.keys(object['status'] ?? {}).length === 0),
      stale: !JSON.stringify(file).includes('observedGeneration') || cases.some(({ object }) => isStale(object)),
    };
    expect(corners).toEqual({ healthy: true, deleted: true, withoutStatus: true, stale: true });
  });

  it.each(cases.map(({ one, object }) => [one.name, one, object] as const))('%s', (_name, one, object) => {
    expect(healthOf(one, object)).toEqual(one.expect);
  });

  it.each(['status', 'spec', 'webhooks'])('says something of an object whose %s is nonsense', (field) => {
    for (const nonsense of [
      null,
      'text',
      3,
      [],
      { conditions: 'x', containerStatuses: [null], loadBalancer: { ingress: [7] } },
    ]) {
      const object = { apiVersion: file.apiVersion, kind, metadata: { name: 'it' }, [field]: nonsense };
      expect(assessHealth(object).message).not.toBe('');
    }
  });
});

/** True if anything in the status answers an older generation than the object's. */
function isStale(object: KubeObject): boolean {
  const answered = JSON.stringify(object['status'] ?? {}).matchAll(/"observedGeneration":"?(\d+)/g);
  return [...answered].some(([, observed]) => Number(observed) < (object.metadata.generation ?? 0));
}

describe('the conventions of Crossplane', () => {
  const file = read('conventions/crossplane/cases.yaml');
  it.each(file.cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    expect(healthOf(one, objectOf(one, file, 'Bucket'))).toEqual(one.expect);
  });
});
