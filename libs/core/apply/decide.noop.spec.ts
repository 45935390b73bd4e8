import { describe, expect, it } from 'vitest';
import type { Digest } from '@fairlead/core/model';
import { decideObject, type ObjectInput, type Standing } from './index.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}` as Digest;
const base: ObjectInput = {
  manifest: digest('a'),
  bundle: digest('b'),
  last: { uid: 'u', manifest: digest('a') },
  live: 'AsApplied',
  drift: 'Correct',
  orders: {},
};
const decide = (more: Partial<ObjectInput>) => Object.values(decideObject({ ...base, ...more })).join(' ');

describe('one object of a bundle', () => {
  it('that is as it was applied costs nothing, whatever the mode', () => {
    for (const drift of ['Correct', 'Report', 'Off'] as const) expect(decide({ drift })).toBe('Skip Applied');
  });

  it.each<[string, Partial<ObjectInput>, string]>([
    ['that is new is applied', { last: undefined, live: 'Unknown' }, 'Apply NotAppliedYet'],
    ['that was announced and not answered is looked at first', { last: {}, live: 'Unknown' }, 'Settle NotAppliedYet'],
    ['whose apply was refused is applied', { last: { uid: 'u' } }, 'Apply NotAppliedYet'],
    ['with another manifest is applied', { manifest: digest('c') }, 'Apply ManifestChanged'],
    [
      'with another manifest is applied though drift is only reported',
      { manifest: digest('c'), live: 'Drifted', drift: 'Report' },
      'Apply ManifestChanged',
    ],
    ['that nobody has looked at is looked at', { live: 'Unknown' }, 'Look LiveStateUnknown'],
    ['that somebody touched is looked at', { live: 'Touched' }, 'Look Drifted'],
    ['that drifted is put right', { live: 'Drifted' }, 'Apply Drifted'],
    ['that drifted is reported', { live: 'Drifted', drift: 'Report' }, 'Report Drifted'],
    ['that was deleted is made again', { live: 'Absent' }, 'Apply ObjectMissing'],
    ['that was deleted is reported', { live: 'Absent', drift: 'Report' }, 'Report ObjectMissing'],
    ['that is being deleted is waited for', { live: 'Terminating', manifest: digest('c') }, 'Wait ObjectTerminating'],
    [
      'that is new is waited for while its namesake goes',
      { live: 'Terminating', last: undefined },
      'Wait ObjectTerminating',
    ],
  ])('%s', (_name, more, expected) => {
    expect(decide(more)).toBe(expected);
  });

  it('is left alone by Off, however it stands', () => {
    for (const live of ['Unknown', 'Absent', 'Touched', 'Drifted'] satisfies Standing[])
      expect(decide({ live, drift: 'Off' })).toBe('Skip Applied');
  });

  it('that is only created is never sent again, and made again where it is gone', () => {
    const only = (more: Partial<ObjectInput>) => decide({ orders: { apply: 'CreateOnly' }, ...more });
    const manifest = digest('c');
    expect(only({ last: undefined, live: 'Unknown' })).toBe('Apply NotAppliedYet');
    expect(only({ manifest })).toBe('Skip Applied');
    expect(only({ manifest, live: 'Unknown' })).toBe('Look LiveStateUnknown');
    expect(only({ manifest, live: 'Absent' })).toBe('Apply ObjectMissing');
    expect(only({ manifest, live: 'Absent', drift: 'Report' })).toBe('Report ObjectMissing');
  });

  describe('that runs once', () => {
    const once = (more: Partial<ObjectInput>) => decide({ orders: { run: 'once' }, ...more });
    const ended = { uid: 'u', manifest: digest('a'), ended: { bundle: digest('x') } };
    it('is done with its manifest, whatever else changed, and whatever became of it', () => {
      for (const live of ['Unknown', 'Absent', 'AsApplied', 'Touched', 'Drifted', 'Terminating'] satisfies Standing[])
        expect(once({ last: ended, live })).toBe('Skip RanToItsEnd');
    });
    it.each<[string, Partial<ObjectInput>, string]>([
      ['is made anew for another manifest once it has ended', { last: ended }, 'Renew ManifestChanged'],
      ['is not cut off', {}, 'Wait StillRunning'],
      ['is waited for while it is deleted', { last: ended, live: 'Terminating' }, 'Wait ObjectTerminating'],
      ['is made where it is gone', { live: 'Absent' }, 'Apply ManifestChanged'],
      ['is looked at where nobody has', { live: 'Unknown' }, 'Look LiveStateUnknown'],
    ])('%s', (_name, more, expected) => {
      expect(once({ manifest: digest('c'), ...more })).toBe(expected);
    });
    it('is made again with the same manifest where it vanished before its end', () => {
      expect(once({ live: 'Absent' })).toBe('Apply ObjectMissing');
    });
  });

  it('that ran to its end may vanish under the same bundle only', () => {
    const last = { uid: 'u', manifest: digest('a'), ended: { bundle: digest('b') } };
    expect(decide({ last, live: 'Absent' })).toBe('Skip RanToItsEnd');
    expect(decide({ last, live: 'Absent', bundle: digest('c') })).toBe('Apply ObjectMissing');
    expect(decide({ last, live: 'Absent', manifest: digest('c') })).toBe('Apply ManifestChanged');
  });
});
