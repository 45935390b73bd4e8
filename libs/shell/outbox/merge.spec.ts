import fc from 'fast-check';
import type { ApplicationId, ClusterName } from '@fairlead/core/model';
import type { Message } from '@fairlead/ports/bus';
import type { OutboxRow } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { packed, widest } from './merge.ts';

const rowsOf = (messages: readonly Message[]): OutboxRow[] => messages.map((one, index) => ({ ...one, id: index + 1 }));
const said = (messages: readonly Message[]) => packed(rowsOf(messages)).map(({ message }) => message);

test('clusters of one subject are said together, and none means any', () => {
  const clusters = (...names: string[]): Message => ({
    subject: 'desired',
    payload: { clusters: names as ClusterName[] },
  });
  expect(said([clusters('a'), clusters('b', 'a')])).toEqual([clusters('a', 'b')]);
  expect(said([clusters('a'), { subject: 'desired', payload: {} }, clusters('b')])).toEqual([
    { subject: 'desired', payload: {} },
  ]);
});

test('equal messages are said once, at the place of the last', () => {
  const fleet = (head: string): Message => ({ subject: 'fleet', payload: { head } });
  expect(packed(rowsOf([fleet('a'), fleet('b'), fleet('a')]))).toEqual([
    { message: fleet('b'), ids: [2] },
    { message: fleet('a'), ids: [1, 3] },
  ]);
});

test('statuses of clusters and of applications there stay apart: one of each', () => {
  const of = (cluster: string, ...applications: string[]): Message => ({
    subject: 'statuses',
    payload: { clusters: [cluster as ClusterName], applications: applications as ApplicationId[] },
  });
  expect(said([of('a', 't/x'), of('b'), of('c', 't/y'), of('d')])).toEqual([
    { subject: 'statuses', payload: { clusters: ['a', 'c'], applications: ['t/x', 't/y'] } },
    { subject: 'statuses', payload: { clusters: ['b', 'd'], applications: [] } },
  ]);
});

test('what is merged belongs to the newest trace', () => {
  const events = (traceparent?: string): Message => ({
    subject: 'events',
    payload: traceparent ? { traceparent } : {},
  });
  expect(said([events('old'), events('new')])).toEqual([events('new')]);
});

const cluster = fc.integer({ min: 0, max: 30 }).map((n) => `c${n}` as ClusterName);
const application = fc.integer({ min: 0, max: 30 }).map((n) => `t/a${n}` as ApplicationId);
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    subject: fc.constantFrom('desired' as const, 'members' as const),
    payload: fc.oneof(fc.constant({}), fc.record({ clusters: fc.array(cluster, { maxLength: 12 }) })),
  }),
  fc.record({
    subject: fc.constant('statuses' as const),
    payload: fc.record({
      clusters: fc.array(cluster, { maxLength: 12 }),
      applications: fc.array(application, { maxLength: 12 }),
    }),
  }),
  fc.record({
    subject: fc.constantFrom('release' as const, 'decided' as const),
    payload: fc.record({ applications: fc.array(application, { maxLength: 12 }) }),
  }),
  fc.record({ subject: fc.constant('work' as const), payload: fc.record({ key: fc.constantFrom('k', 'l') }) }),
) as fc.Arbitrary<Message>;

interface Names {
  readonly clusters?: readonly string[];
  readonly applications?: readonly string[];
}

/** Whether what `a` says is within what `b` says. */
function covers(b: Message, a: Message): boolean {
  if (a.subject !== b.subject) return false;
  const [inner, outer] = [a.payload as Names, b.payload as Names];
  if (a.subject === 'work') return JSON.stringify(inner) === JSON.stringify(outer);
  const named = (list: readonly string[] | undefined, within: readonly string[] | undefined, none: boolean): boolean =>
    within === undefined ||
    (none && within.length === 0) ||
    (list !== undefined && list.every((one) => within.includes(one)) && !(none && list.length === 0));
  const any = ['statuses', 'release', 'decided'].includes(a.subject);
  return named(inner.clusters, outer.clusters, any) && named(inner.applications, outer.applications, any);
}

test('nothing is left out, nothing is too long, and every row is told of', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
      const rows = rowsOf(messages);
      const parcels = packed(rows, { names: 10 });
      expect(new Set(parcels.flatMap(({ ids }) => ids))).toEqual(new Set(rows.map(({ id }) => id)));
      for (const { message: one } of parcels) {
        const { clusters = [], applications = [] } = one.payload as Names;
        expect(Math.max(clusters.length, applications.length)).toBeLessThanOrEqual(10);
      }
      for (const row of rows) {
        const own = parcels.filter(({ ids }) => ids.includes(row.id)).map((parcel) => parcel.message);
        const { clusters = [undefined], applications = [undefined] } = row.payload as Names;
        // Each pair that a long row names is in one of its parcels.
        for (const a of clusters.length > 0 ? clusters : [undefined])
          for (const b of applications.length > 0 ? applications : [undefined]) {
            const pair = {
              subject: row.subject,
              payload: { ...row.payload, ...(a && { clusters: [a] }), ...(b && { applications: [b] }) },
            } as Message;
            expect(own.some((parcel) => covers(parcel, pair))).toBe(true);
          }
      }
    }),
  );
});

test('the widest says what any says, in a handful of messages', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
      const parcels = widest(rowsOf(messages));
      expect(parcels.length).toBeLessThanOrEqual(7);
      for (const one of messages) expect(parcels.some((parcel) => covers(parcel.message, one))).toBe(true);
    }),
  );
});
