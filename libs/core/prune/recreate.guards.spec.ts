import { describe, expect, it } from 'vitest';
import type { CommitSha, ObjectKey } from '@fairlead/core/model';
import { decideRecreate, type RecreateInput } from './index.ts';

const key: ObjectKey = { group: 'apps', kind: 'Deployment', namespace: 'web', name: 'a' };
const claim: ObjectKey = { group: '', kind: 'PersistentVolumeClaim', namespace: 'web', name: 'a' };
const live = { is: 'Present', uid: 'u', resourceVersion: '1', ours: true, terminating: false } as const;
const base: RecreateInput = {
  key,
  entry: { key, uid: 'u', origin: 'Created' },
  live,
  adopt: 'Release',
  acknowledged: {},
  budget: { limit: undefined, total: 40, spent: 0 },
};
const decide = (more: Partial<RecreateInput>): string => {
  const decision = decideRecreate({ ...base, ...more });
  return decision.may ? `deletes ${decision.uid}` : decision.reason;
};
const budget = (limit: number | string, spent = 0) => ({ budget: { limit, total: 40, spent } });
const acknowledged = { '/PersistentVolumeClaim/web/a': '1'.repeat(40) as CommitSha };

describe('an object that is to be made anew', () => {
  it.each<[string, Partial<RecreateInput>, string]>([
    ['is deleted by its UID', {}, 'deletes u'],
    ['stays where it is another one by now', { live: { ...live, uid: 'v' } }, 'NotProvablyOurs'],
    ['stays where it is an intent', { entry: { key } }, 'NotProvablyOurs'],
    ['stays where our names are not on it', { live: { ...live, ours: false } }, 'NotProvablyOurs'],
    ['stays where it was adopted', { entry: { key, uid: 'u', origin: 'Adopted' } }, 'NotProvablyOurs'],
    ['stays where nobody knows whether it was adopted', { entry: { key, uid: 'u' } }, 'NotProvablyOurs'],
    [
      'is deleted where it was adopted as our own',
      { entry: { key, uid: 'u', origin: 'Adopted' }, adopt: 'Own' },
      'deletes u',
    ],
    ['stays where its kind is protected', { key: claim }, 'ObjectProtected'],
    ['is deleted where a commit acknowledges that', { key: claim, acknowledged }, 'deletes u'],
    ['stays where the owner lets nothing go', budget(0), 'OwnerPolicyForbids'],
    ['stays where the owner lets no share go', budget('0%'), 'OwnerPolicyForbids'],
    ['is deleted within a count', budget(2, 1), 'deletes u'],
    ['stays beyond a count', budget(2, 2), 'OwnerPolicyForbids'],
    ['is deleted within a share', budget('5%', 1), 'deletes u'],
    ['stays beyond a share', budget('5%', 2), 'OwnerPolicyForbids'],
    [
      'stays beyond the owner’s budget though it is acknowledged',
      { key: claim, acknowledged, ...budget(0) },
      'OwnerPolicyForbids',
    ],
    ['is gone already', { live: { is: 'Absent' } }, 'ObjectMissing'],
  ])('%s', (_name, more, expected) => {
    expect(decide(more)).toBe(expected);
  });
});
