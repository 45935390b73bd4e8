import type { ApplicationId, KubeObject, ManagedFieldsEntry } from '@fairlead/core/model';
import { describe, expect, it } from 'vitest';
import { driftBetween, type Viewer } from './live.ts';

const label = { 'f:metadata': { 'f:labels': { 'f:fairlead.dev/application': {} } } };
const entry = (manager: string, spec: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager,
  operation: 'Apply',
  apiVersion: 'apps/v1',
  time: '2026-11-02T10:00:00Z',
  fieldsV1: { ...label, 'f:spec': spec } as never,
  ...more,
});
const deployment = (spec: object, managedFields: readonly ManagedFieldsEntry[]): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { 'fairlead.dev/application': '0123456789abcdef' }, managedFields },
  spec,
});
const viewer = (pointers: readonly string[] = []): Viewer => ({
  application: 'web/shop' as ApplicationId,
  key: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' },
  manager: 'fairlead',
  ignore: pointers.length === 0 ? [] : [{ target: { kind: 'Deployment' }, pointers: [...pointers] }],
});
const answer = deployment({ replicas: 2, paused: true }, [entry('fairlead', { 'f:replicas': {}, 'f:paused': {} })]);
const taken = deployment({ replicas: 2, paused: true }, [
  entry('fairlead', {}),
  entry('rival', { 'f:replicas': {}, 'f:paused': {} }, { time: '2026-11-02T10:05:00Z' }),
]);

describe('what is told of drift', () => {
  it('names fields that another took over with their values, and who', () => {
    expect(driftBetween(taken, answer, viewer())).toMatchObject([
      { pointer: '/spec/paused', kind: 'TakenOver', manager: 'rival', operation: 'Apply' },
      { pointer: '/spec/replicas', kind: 'TakenOver', atMs: Date.parse('2026-11-02T10:05:00Z') },
    ]);
  });

  it('does not name those that are ignored, nor what is below them', () => {
    expect(driftBetween(taken, answer, viewer(['/spec/replicas']))).toMatchObject([{ pointer: '/spec/paused' }]);
    expect(driftBetween(taken, answer, viewer(['/spec']))).toEqual([]);
    expect(driftBetween(taken, answer, viewer(['/*/replicas', '/spec/paused/deeper']))).toMatchObject([
      { pointer: '/spec/paused' },
    ]);
  });
});
