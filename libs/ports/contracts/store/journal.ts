import type { ApplicationId, ClusterName } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { digestOf } from './rows.ts';
import type { CurrentStore } from './suite.ts';

/** Tokens, events and the outbox. */
export function tokensAndJournal(store: CurrentStore): void {
  tokens(store);
  journal(store);
  outbox(store);
}

const hash = digestOf('a');
const key = digestOf('b');
const token = { hash, cluster: 'one' as ClusterName, labels: { env: 'dev' }, by: 'ada', expiresAtMs: 10_000 };

function tokens(store: CurrentStore): void {
  test('a token is taken once, and again only by the same key for a while', async () => {
    await store().write([{ put: 'token', row: token }]);
    const first = await store().claimToken(hash, { key, nowMs: 1000, againWithinMs: 500 });
    const used = { ...token, usedAtMs: 1000, usedBy: key };
    expect(first).toEqual({ taken: true, row: used });
    expect(await store().claimToken(hash, { key, nowMs: 1500, againWithinMs: 500 })).toEqual({
      taken: true,
      row: used,
    });
    const refused = { taken: false, reason: 'TokenUsed', cluster: token.cluster };
    expect(await store().claimToken(hash, { key: digestOf('c'), nowMs: 1001, againWithinMs: 500 })).toEqual(refused);
    expect(await store().claimToken(hash, { key, nowMs: 1501, againWithinMs: 500 })).toEqual(refused);
  });

  test('of two that claim at once one gets it', async () => {
    await store().write([{ put: 'token', row: token }]);
    const claims = await Promise.all(
      ['1', '2', '3'].map((name) => store().claimToken(hash, { key: digestOf(name), nowMs: 1, againWithinMs: 9 })),
    );
    expect(claims.filter((claim) => claim.taken)).toHaveLength(1);
  });

  test('a token that ended long ago is forgotten when a new one is made', async () => {
    const monthMs = 30 * 86_400_000;
    const recent = { ...token, hash: digestOf('c'), expiresAtMs: 20_000 };
    const fresh = { ...token, hash: digestOf('d'), expiresAtMs: monthMs + 15_000 };
    await store().write([token, recent, fresh].map((row) => ({ put: 'token', row }) as const));
    const late = { key, nowMs: fresh.expiresAtMs + 1, againWithinMs: 0 };
    const claims = await Promise.all([token, recent, fresh].map((row) => store().claimToken(row.hash, late)));
    expect(claims.map((claim) => !claim.taken && claim.reason)).toEqual([
      'TokenInvalid',
      'TokenExpired',
      'TokenExpired',
    ]);
  });

  test('an unknown token and an expired one are told apart', async () => {
    await store().write([{ put: 'token', row: token }]);
    const late = { key, nowMs: 10_001, againWithinMs: 500 };
    expect(await store().claimToken(digestOf('9'), late)).toEqual({ taken: false, reason: 'TokenInvalid' });
    expect(await store().claimToken(hash, late)).toEqual({
      taken: false,
      reason: 'TokenExpired',
      cluster: token.cluster,
    });
  });
}

function journal(store: CurrentStore): void {
  const event = (atMs: number, application: string) =>
    ({
      put: 'event',
      row: {
        atMs,
        type: 'drift',
        reason: 'DriftCorrected',
        message: `at ${atMs}`,
        cluster: 'one' as ClusterName,
        application: application as ApplicationId,
        details: { pointer: '/spec/replicas' },
      },
    }) as const;

  test('events are read forwards and backwards, in pages', async () => {
    await store().write([event(1, 'web/shop'), event(2, 'web/till'), event(3, 'web/shop')]);
    const all = await store().events({ limit: 10 });
    expect(all.map((row) => row.atMs)).toEqual([1, 2, 3]);
    expect(all[0]).toEqual({ id: all[0]?.id, ...event(1, 'web/shop').row });
    const [first, , last] = all.map((row) => row.id);
    const times = async (query: { afterId?: number | undefined; newestFirst?: boolean; application?: ApplicationId }) =>
      (await store().events({ limit: 2, ...query, afterId: query.afterId ?? (query.newestFirst ? 1e9 : 0) })).map(
        (row) => row.atMs,
      );
    expect(await times({ afterId: first })).toEqual([2, 3]);
    expect(await times({ newestFirst: true })).toEqual([3, 2]);
    expect(await times({ newestFirst: true, afterId: last })).toEqual([2, 1]);
    expect(await times({ application: 'web/shop' as ApplicationId })).toEqual([1, 3]);
    expect(await store().events({ limit: 2, type: 'drift' })).toHaveLength(2);
    expect(await store().events({ limit: 2, type: 'other' })).toEqual([]);
  });

  test('the journal is bounded, the newest stay', async () => {
    for (let at = 1; at <= 25; at += 1) await store().write([event(at, 'web/shop')]);
    const rows = await store().events({ limit: 100 });
    expect(rows.length).toBe(10);
    expect(rows.at(-1)?.atMs).toBe(25);
  });
}

function outbox(store: CurrentStore): void {
  test('a message waits in the outbox until it is dropped, and the bell rings after the write', async () => {
    let rung = 0;
    const heard = new Promise<void>((resolve) => {
      const stop = store().onOutbox(() => {
        rung += 1;
        stop();
        resolve();
      });
    });
    await store().write([{ put: 'fact', key: 'quiet', value: {} }]);
    expect(rung).toBe(0);
    await store().write([
      { put: 'outbox', row: { subject: 'desired', payload: { clusters: ['one' as ClusterName] } } },
      { put: 'outbox', row: { subject: 'head', payload: {} } },
    ]);
    await heard;
    await store().write([{ put: 'outbox', row: { subject: 'head', payload: {} } }]);
    expect(rung).toBe(1);
    const [first, ...rest] = await store().outbox(2);
    expect(first).toMatchObject({ subject: 'desired', payload: { clusters: ['one'] } });
    expect(rest).toHaveLength(1);
    await store().write([{ drop: 'outbox', ids: [first?.id ?? 0] }]);
    expect((await store().outbox(9)).map((row) => row.subject)).toEqual(['head', 'head']);
  });
}
