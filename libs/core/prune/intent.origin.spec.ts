import { describe, expect, it } from 'vitest';
import type { KubeObject, ManagedFieldsEntry } from '@fairlead/core/model';
import { isOurs, settleIntent } from './index.ts';

const options = { manager: 'fairlead', label: { key: 'fairlead.dev/application', value: '0123456789abcdef' } };
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 2, 10, 0, seconds)).toISOString();
const entry = (
  manager: string,
  seconds: number | undefined,
  more: Partial<ManagedFieldsEntry> = {},
): ManagedFieldsEntry => ({
  manager,
  operation: 'Apply',
  ...(seconds === undefined ? {} : { time: at(seconds) }),
  ...more,
});
const live = (managedFields: ManagedFieldsEntry[], more: KubeObject['metadata'] = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    uid: 'u1',
    creationTimestamp: at(10),
    labels: { 'fairlead.dev/application': '0123456789abcdef' },
    managedFields,
    ...more,
  },
});
const update = { operation: 'Update' } as const;

describe('an intent', () => {
  it('of an object that does not exist is dropped', () => {
    expect(settleIntent(undefined, options)).toEqual({ is: 'Absent' });
  });

  it.each([
    ['without our field manager', live([entry('kubectl', 10)])],
    ['that we only updated', live([entry('fairlead', 10, update)])],
    ['of which we own a subresource', live([entry('fairlead', 10, { subresource: 'status' })])],
    ['without our label', live([entry('fairlead', 10)], { labels: {} })],
    [
      "with another application's label",
      live([entry('fairlead', 10)], { labels: { 'fairlead.dev/application': 'fedcba9876543210' } }),
    ],
  ])('of an object %s is not ours', (_name, object) => {
    expect(settleIntent(object, options)).toEqual({ is: 'NotOurs', uid: 'u1' });
    expect(isOurs(object, options)).toBe(false);
  });

  it.each([
    ['our entry is as old as the object', [entry('fairlead', 10)], 'Created'],
    ['our entry is a second younger', [entry('fairlead', 11)], 'Created'],
    ['our entry is two seconds younger', [entry('fairlead', 12)], 'Adopted'],
    ['another entry is older than ours', [entry('kubectl', 10, update), entry('fairlead', 11)], 'Adopted'],
    [
      'another entry is as old as ours',
      [entry('kubectl', 10, { ...update, fieldsV1: { 'f:data': {} } }), entry('fairlead', 10)],
      'Adopted',
    ],
    [
      'a controller was quick with metadata',
      [entry('fairlead', 10), entry('c', 10, { ...update, fieldsV1: { 'f:metadata': {} } })],
      'Created',
    ],
    [
      'a controller was quick with the status',
      [entry('fairlead', 10), entry('c', 10, { ...update, subresource: 'status', fieldsV1: { 'f:status': {} } })],
      'Created',
    ],
    ['another entry came later', [entry('fairlead', 10), entry('controller', 15, update)], 'Created'],
    ['another entry has no time', [entry('fairlead', 10), entry('old', undefined, update)], 'Adopted'],
    ['our entry has no time', [entry('fairlead', undefined)], 'Adopted'],
  ])('is ours: when %s', (_name, managedFields, origin) => {
    expect(settleIntent(live(managedFields), options)).toEqual({ is: 'Ours', uid: 'u1', origin });
  });

  it('is adopted when the object has no time of creation', () => {
    const { creationTimestamp: _time, ...metadata } = live([entry('fairlead', 10)]).metadata;
    expect(settleIntent({ apiVersion: 'v1', kind: 'ConfigMap', metadata }, options)).toMatchObject({
      origin: 'Adopted',
    });
  });
});
