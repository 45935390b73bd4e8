import { describe, expect, it } from 'vitest';
import { assessHealth, compileRules, endedAs, hasRule, missingHealth } from './index.ts';

describe('which kinds are watched whole', () => {
  it.each([
    ['apps', 'Deployment', true],
    ['', 'Pod', true],
    ['example.com', 'Widget', true],
    ['monitoring.coreos.com', 'Prometheus', true],
    ['', 'ConfigMap', false],
    ['', 'Secret', false],
    ['rbac.authorization.k8s.io', 'ClusterRole', false],
    ['monitoring.coreos.com', 'ServiceMonitor', false],
  ])('%s/%s: %s', (group, kind, expected) => {
    expect(hasRule(group, kind)).toBe(expected);
  });

  it('are also those that a rule of the application is for', () => {
    const rules = compileRules([{ target: { kind: 'ConfigMap', name: 'flags', namespace: 'web' }, healthy: 'true' }]);
    expect(hasRule('', 'ConfigMap', rules)).toBe(true);
    expect(hasRule('', 'Secret', rules)).toBe(false);
  });

  it('need no body to be healthy otherwise', () => {
    expect(assessHealth({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} })).toEqual({
      status: 'Healthy',
      reason: 'Current',
      message: 'it exists',
    });
  });
});

describe('an object that does not exist', () => {
  it('is missing by name', () => {
    expect(missingHealth({ group: 'apps', kind: 'Deployment', namespace: 'web', name: 'podinfo' })).toEqual({
      status: 'Missing',
      reason: 'ObjectMissing',
      message: 'apps/Deployment/web/podinfo does not exist',
    });
  });
});

describe('what ran to its end', () => {
  const job = (...conditions: object[]) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {},
    status: { conditions },
  });
  const pod = (phase: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: {}, status: { phase } });

  it.each([
    ['a complete Job', job({ type: 'Complete', status: 'True' }), 'Succeeded'],
    ['a failed Job', job({ type: 'Failed', status: 'True' }), 'Failed'],
    ['a Job that is to fail', job({ type: 'FailureTarget', status: 'True' }), undefined],
    ['a Job that was resumed', job({ type: 'Suspended', status: 'False' }), undefined],
    ['a Pod that ended well', pod('Succeeded'), 'Succeeded'],
    ['a Pod that failed', pod('Failed'), 'Failed'],
    ['a Pod that runs', pod('Running'), undefined],
    [
      'a kind that never ends',
      {
        apiVersion: 'example.com/v1',
        kind: 'Job',
        metadata: {},
        status: { conditions: [{ type: 'Complete', status: 'True' }] },
      },
      undefined,
    ],
  ])('%s', (_name, object, expected) => {
    expect(endedAs(object)).toBe(expected);
  });
});
