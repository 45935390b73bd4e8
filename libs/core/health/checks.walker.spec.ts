import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import { assessHealth, hasRule, type CheckContext, type Health } from './index.ts';
import { checks } from './registry.ts';

interface CaseFile {
  readonly apiVersion: string;
  readonly cases: readonly {
    readonly name: string;
    readonly object: Partial<KubeObject>;
    readonly bindingMode?: 'Immediate' | 'WaitForFirstConsumer';
    readonly expect: Health;
  }[];
}

const root = new URL('checks/', import.meta.url);
const folders = readdirSync(root).flatMap((group) =>
  readdirSync(new URL(`${group}/`, root)).map((kind) => `${group}/${kind}`),
);

describe('the checks of kinds', () => {
  it('are registered, every folder and nothing else', () => {
    expect([...checks.keys()].sort()).toEqual([...folders].sort());
  });

  it('consist of a check and its cases alone', () => {
    const files = folders.map((folder) => readdirSync(new URL(`${folder}/`, root)).sort());
    expect(files).toEqual(folders.map(() => ['cases.yaml', 'check.ts']));
  });
});

describe.each(folders)('%s', (folder) => {
  const [group = '', kind = ''] = folder.split('/');
  const file = load(readFileSync(new URL(`${folder}/cases.yaml`, root), 'utf8')) as CaseFile;

  it('is watched whole', () => {
    expect(hasRule(group === 'core' ? '' : group, kind)).toBe(true);
    expect(file.apiVersion.includes('/') ? file.apiVersion.split('/')[0] : 'core').toBe(group);
  });

  it.each(file.cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const object: KubeObject = {
      apiVersion: file.apiVersion,
      kind,
      ...one.object,
      metadata: { name: 'it', ...one.object.metadata },
    };
    const mode = one.bindingMode;
    const context: CheckContext = mode === undefined ? {} : { bindingMode: () => mode };
    expect(assessHealth(object, context)).toEqual(one.expect);
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
