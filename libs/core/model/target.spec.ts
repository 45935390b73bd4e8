import { describe, expect, it } from 'vitest';
import { matchesTarget } from './target.ts';

const web = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web-frontend', namespace: 'shop' } };

describe('a target', () => {
  it.each([
    [{}, true],
    [{ kind: 'Deployment' }, true],
    [{ kind: 'Deployment', name: 'web-frontend', namespace: 'shop', group: 'apps', version: 'v1' }, true],
    [{ group: '' }, false],
    [{ version: 'v1beta1' }, false],
    [{ name: 'web' }, false],
    [{ name: 'web*' }, true],
    [{ name: '*-front*' }, true],
    [{ name: '*e*e*' }, true],
    [{ name: 'web-*-frontend' }, false],
    [{ name: 'web-frontend*web-frontend' }, false],
    [{ namespace: '*' }, true],
    [{ kind: '*Set' }, false],
  ])('%j matches the Deployment: %s', (target, expected) => {
    expect(matchesTarget(target, web)).toBe(expected);
  });

  it('takes an empty group for the core group', () => {
    expect(matchesTarget({ group: '' }, { apiVersion: 'v1', kind: 'Service', metadata: {} })).toBe(true);
    expect(matchesTarget({ version: 'v1' }, { apiVersion: 'v1', kind: 'Service', metadata: {} })).toBe(true);
  });
});
