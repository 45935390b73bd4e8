import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import { assessHealth } from './index.ts';

const widget = (status: unknown, metadata: KubeObject['metadata'] = {}): KubeObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w', ...metadata },
  ...(status === undefined ? {} : { status }),
});
const condition = (type: string, status: string, more: object = {}) => ({ type, status, ...more });
const health = (conditions: unknown[], metadata: KubeObject['metadata'] = {}) =>
  assessHealth(widget({ conditions }, metadata));

describe('a kind without a check of its own', () => {
  it('is current without a status', () => {
    expect(assessHealth(widget(undefined))).toEqual({
      status: 'Healthy',
      reason: 'Current',
      message: 'it exists and has no status',
    });
  });

  it('is current when its conditions are of types that nobody shares', () => {
    expect(health([condition('Polished', 'False')])).toMatchObject({
      status: 'Healthy',
      message: 'it exists and its status reports no trouble',
    });
  });

  it.each([
    ['Ready', 'True', 'Healthy'],
    ['Ready', 'False', 'Progressing'],
    ['Ready', 'Unknown', 'Progressing'],
    ['Available', 'True', 'Healthy'],
    ['Available', 'False', 'Progressing'],
    ['Reconciling', 'True', 'Progressing'],
    ['Reconciling', 'False', 'Healthy'],
    ['Stalled', 'True', 'Degraded'],
    ['Stalled', 'False', 'Healthy'],
    ['Failed', 'True', 'Degraded'],
    ['Failed', 'False', 'Healthy'],
    ['Degraded', 'True', 'Degraded'],
  ])('with %s=%s is %s', (type, status, expected) => {
    expect(health([condition(type, status)]).status).toBe(expected);
  });

  it('is degraded when it is stalled, whatever else is said', () => {
    expect(
      health([
        condition('Reconciling', 'True'),
        condition('Ready', 'True'),
        condition('Stalled', 'True', { reason: 'BadSpec', message: 'no such size' }),
      ]),
    ).toEqual({
      status: 'Degraded',
      reason: 'ReconcileFailed',
      message: 'Stalled is True (BadSpec: no such size)',
    });
  });

  it('is in progress while it reconciles, though it was ready before', () => {
    expect(
      health([condition('Ready', 'True'), condition('Reconciling', 'True', { reason: 'NewGeneration' })]).status,
    ).toBe('Progressing');
  });

  it('needs both Ready and Available where it has both', () => {
    expect(health([condition('Ready', 'True'), condition('Available', 'False')]).status).toBe('Progressing');
    expect(health([condition('Ready', 'True'), condition('Available', 'True')]).message).toBe(
      'it is ready and available',
    );
  });

  it('is in progress while a condition answers an older generation', () => {
    expect(health([condition('Ready', 'True', { observedGeneration: 2 })], { generation: 3 })).toEqual({
      status: 'Progressing',
      reason: 'StatusStale',
      message: 'Ready is of generation 2 of 3',
    });
  });

  it('does not fail by a condition of an older generation', () => {
    expect(
      health(
        [
          condition('Stalled', 'True', { observedGeneration: 2 }),
          condition('Ready', 'True', { observedGeneration: 3 }),
        ],
        { generation: 3 },
      ).status,
    ).toBe('Healthy');
  });

  it.each([2, 4])('is in progress while generation 3 has a status of generation %i', (observedGeneration) => {
    expect(
      assessHealth(widget({ observedGeneration, conditions: [condition('Ready', 'True')] }, { generation: 3 })),
    ).toEqual({
      status: 'Progressing',
      reason: 'StatusStale',
      message: `its controller has seen generation ${observedGeneration} of 3`,
    });
  });

  it('is in progress while it is being deleted, failed or not', () => {
    expect(
      health([condition('Failed', 'True')], { deletionTimestamp: '2026-11-02T10:00:00Z', finalizers: ['a', 'b'] }),
    ).toEqual({
      status: 'Progressing',
      reason: 'ObjectTerminating',
      message: 'it is being deleted and waits for 2 finalizers: a, b',
    });
  });

  it('of the same name in another group is not judged by the check of the first', () => {
    expect(
      assessHealth({
        apiVersion: 'serving.example.com/v1',
        kind: 'Service',
        metadata: {},
        spec: { type: 'LoadBalancer' },
      }).status,
    ).toBe('Healthy');
  });
});
