import { parseHead } from '@fairlead/core/bundle';
import { comparePositions, type Position } from '@fairlead/core/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideDesired, desiredMessage, type Mark } from './desired.ts';
import { assignment, bundleOf, commit, connect, digestOf, hub, joined, planned, shop, signedAt } from './harness.ts';

const mark = (epoch: number, generation: number, root = `root ${epoch}.${generation}`): Mark => ({
  position: { epoch, generation },
  root: digestOf(root),
});

describe('the decision', () => {
  test('an empty cluster gets everything', () => {
    expect(decideDesired({ head: mark(1, 5), agent: undefined, sent: undefined })).toEqual({ send: 'Full' });
  });

  test('a cluster behind gets what changed, one of another epoch everything', () => {
    expect(decideDesired({ head: mark(1, 5), agent: mark(1, 3), sent: undefined })).toEqual({
      send: 'Since',
      since: { epoch: 1, generation: 3 },
    });
    expect(decideDesired({ head: mark(2, 1), agent: mark(1, 9), sent: undefined })).toEqual({ send: 'Full' });
  });

  test('a head that lies before what went out waits for the agent to say what it accepted', () => {
    const at = { head: mark(1, 5), sent: mark(1, 6) };
    expect(decideDesired({ ...at, agent: mark(1, 3) })).toEqual({ send: 'Nothing' });
    expect(decideDesired({ ...at, agent: undefined })).toEqual({ send: 'Nothing' });
    expect(decideDesired({ head: mark(2, 1), sent: mark(1, 6), agent: mark(1, 3) })).toEqual({ send: 'Full' });
  });

  test('a position that the store never gave is unknown', () => {
    for (const agent of [mark(1, 6), mark(2, 1), mark(1, 5, 'another root')])
      expect(decideDesired({ head: mark(1, 5), agent, sent: undefined })).toEqual({ send: 'Unknown' });
  });

  const marks = fc.tuple(fc.nat(3), fc.nat(3), fc.constantFrom('a', 'b')).map(([e, g, root]) => mark(e, g, root));
  test('nothing that is sent would take a cluster back', () => {
    fc.assert(
      fc.property(
        marks,
        fc.option(marks, { nil: undefined }),
        fc.option(marks, { nil: undefined }),
        (head, agent, sent) => {
          const decision = decideDesired({ head, agent, sent });
          fc.pre(decision.send === 'Full' || decision.send === 'Since');
          expect(agent === undefined || comparePositions(agent.position, head.position) < 0).toBe(true);
          expect(sent === undefined || comparePositions(sent.position, head.position) <= 0).toBe(true);
        },
      ),
    );
  });
});

test('the message holds what changed after the position: entries, tombstones, and what is gone', () => {
  const { entry, ...row } = assignment('web/till', digestOf('b'), 4);
  const tombstone = { application: row.application, commit, acknowledged: {} };
  const rows = [
    assignment('web/shop', digestOf('a'), 2),
    { ...row, tombstone },
    { ...row, application: 'web/gone' as never, generation: 5 },
  ];
  const head = { bytes: new Uint8Array(), signature: new Uint8Array(), keyId: 'k' };
  const full = desiredMessage(head, { rows, since: undefined });
  expect([full.entries.length, full.tombstones, full.removed]).toEqual([1, [tombstone], []]);
  expect(full).not.toHaveProperty('since');
  const since: Position = { epoch: 1, generation: 3 };
  expect(desiredMessage(head, { rows, since })).toEqual({
    type: 'Desired',
    head,
    since,
    entries: [],
    tombstones: [tombstone],
    removed: ['web/gone'],
  });
  expect(entry?.application).toBe('web/till');
});

describe('the stream', () => {
  const bundle = bundleOf('web/shop', ['one', 'two']);

  test('a planned state reaches a connected agent by the bell', async () => {
    const at = await hub();
    const agent = await joined(at);
    await at.store.write(planned({ epoch: 1, generation: 1 }, [assignment('web/shop', bundle.digest, 1)]));
    await at.bus.publish('desired', { clusters: [shop] });
    const desired = await agent.next('Desired');
    expect(desired.entries.map((entry) => entry.bundle)).toEqual([bundle.digest]);
    expect(parseHead(desired.head.bytes).root).toBe(digestOf('root 1.1'));
  });

  test('a reconnect at the head costs a Settings and no more', async () => {
    const at = await hub();
    await at.store.write(planned({ epoch: 1, generation: 1 }, [assignment('web/shop', bundle.digest, 1)]));
    const agent = await joined(at);
    await agent.next('Desired');
    await agent.connection.send({ type: 'Ack', session: agent.session, ...mark(1, 1) });
    const settings = await agent.hello({ ...mark(1, 1) });
    expect(settings.session).toBe(agent.session + 1);
    await at.bus.publish('desired', { clusters: [shop] });
    await at.bus.settled();
    expect(agent.heard).toEqual([]);
    expect(await at.store.cluster(shop)).toMatchObject({
      ackedPosition: { epoch: 1, generation: 1 },
      ackedRoot: digestOf('root 1.1'),
    });
  });

  test('a slow agent gets the newest state, not the backlog', async () => {
    const at = await hub();
    const agent = await joined(at);
    for (let generation = 1; generation <= 20; generation += 1) {
      await at.store.write(planned({ epoch: 1, generation }, [assignment('web/shop', bundle.digest, generation)]));
      await at.bus.publish('desired', { clusters: [shop] });
    }
    await at.bus.settled();
    const seen: string[] = [];
    while (seen.at(-1) !== digestOf('root 1.20')) seen.push(parseHead((await agent.next('Desired')).head.bytes).root);
    expect(seen.length).toBeLessThan(20);
  });

  test('changes are sent since the position that the agent acknowledged', async () => {
    const at = await hub();
    await at.store.write(planned({ epoch: 1, generation: 3 }, [assignment('web/shop', bundle.digest, 3)]));
    const agent = await joined(at);
    await agent.next('Desired');
    await agent.connection.send({ type: 'Ack', session: agent.session, ...mark(1, 3) });
    await at.store.write(planned({ epoch: 1, generation: 4 }, [assignment('web/till', bundle.digest, 4)]));
    await at.bus.publish('desired', {});
    const desired = await agent.next('Desired');
    expect(desired.since).toEqual({ epoch: 1, generation: 3 });
    expect(desired.entries.map((entry) => entry.application)).toEqual(['web/till']);
  });

  test('a signed position that the store does not know is reported, and nothing is sent', async () => {
    const at = await hub();
    await at.store.write(planned({ epoch: 1, generation: 1 }, []));
    const agent = await joined(at);
    await agent.next('Desired');
    await agent.hello(signedAt({ epoch: 1, generation: 7 }));
    await at.bus.publish('desired', {});
    await at.bus.settled();
    expect(await at.store.cluster(shop)).toMatchObject({ ackedPosition: { epoch: 1, generation: 7 } });
    const rung = (await at.store.outbox(99)).filter((row) => row.subject === 'head');
    expect(rung.map((row) => row.payload)).toEqual([{ cluster: shop }]);
    expect(agent.heard).toEqual([]);
  });

  test('a store that is set back under an open stream is told what the stream had acknowledged', async () => {
    const at = await hub();
    await at.store.write(planned({ epoch: 1, generation: 2 }, []));
    const agent = await joined(at);
    await agent.next('Desired');
    await agent.connection.send({ type: 'Ack', session: agent.session, ...mark(1, 2) });
    await at.store.write([{ drop: 'cluster', cluster: shop }]);
    await at.store.raiseSession(shop, { agentVersion: '', kubernetesVersion: '', nowMs: 1, gateway: 'gateway-1' });
    await at.store.write(planned({ epoch: 1, generation: 1 }, []));
    await at.bus.publish('desired', {});
    await at.bus.settled();
    expect(await at.store.cluster(shop)).toMatchObject({ ackedPosition: { epoch: 1, generation: 2 } });
    const rung = (await at.store.outbox(99)).filter((row) => row.subject === 'head');
    expect(rung.map((row) => row.payload)).toEqual([{ cluster: shop }]);
    expect(agent.heard).toEqual([]);
  });

  test('a stream whose position cannot be written down ends, so that the next one says it', async () => {
    const at = await hub();
    await at.store.write(planned({ epoch: 1, generation: 2 }, []));
    const agent = await joined(at);
    await agent.next('Desired');
    await agent.connection.send({ type: 'Ack', session: agent.session, ...mark(1, 2) });
    await expect.poll(() => at.store.cluster(shop)).toMatchObject({ ackedPosition: { generation: 2 } });
    await at.store.write([{ drop: 'cluster', cluster: shop }]);
    await at.store.raiseSession(shop, { agentVersion: '', kubernetesVersion: '', nowMs: 1, gateway: 'gateway-1' });
    await at.store.write(planned({ epoch: 1, generation: 1 }, []));
    const { write } = at.store;
    const full = new Error('no space left');
    at.store.write = () => Promise.reject(full);
    await at.bus.publish('desired', {});
    expect(await agent.connection.closed).toContain('connect again');
    expect(at.errors).toContain(full);
    at.store.write = write;
    const again = await connect(at);
    await again.hello({ ...mark(1, 2), head: signedAt({ epoch: 1, generation: 2 }).head });
    await at.bus.settled();
    expect(await at.store.cluster(shop)).toMatchObject({ ackedPosition: { epoch: 1, generation: 2 } });
  });

  test('a position without the signature of the planner raises nothing', async () => {
    const at = await hub();
    await at.store.write(planned({ epoch: 1, generation: 1 }, []));
    const agent = await joined(at);
    const { session } = agent;
    const { head } = await agent.next('Desired');
    await agent.connection.send({ type: 'Ack', session, ...mark(9, 9) });
    const forged = { ...signedAt({ epoch: 1, generation: 7 }) };
    for (const claim of [
      mark(9, 9),
      { ...mark(9, 9), head },
      { ...mark(9, 9), head: signedAt({ epoch: 9, generation: 9 }, 'another' as never).head },
      { ...forged, head: { ...forged.head, keyId: 'unknown' } },
    ])
      await agent.hello(claim);
    await at.bus.publish('desired', {});
    await at.bus.settled();
    expect(await at.store.cluster(shop)).not.toHaveProperty('ackedPosition');
    expect((await at.store.outbox(99)).filter((row) => row.subject === 'head')).toEqual([]);
    expect((await at.store.events({ limit: 9, type: 'PositionUnknown' })).length).toBeGreaterThan(0);
  });

  test('a hub whose epoch is not the ledger gives out nothing until it is', async () => {
    const at = await hub();
    at.state.epochReady = false;
    await at.store.write([
      ...bundle.blobs,
      ...planned({ epoch: 1, generation: 1 }, [assignment('web/shop', bundle.digest, 1)]),
    ]);
    const agent = await joined(at);
    await agent.connection.send({ type: 'Want', digests: [bundle.digest] });
    expect(await agent.next('Objects')).toMatchObject({ blobs: [], missing: [bundle.digest] });
    expect(agent.heard).toEqual([]);
    at.state.epochReady = true;
    at.gateway.refresh();
    expect((await agent.next('Desired')).entries).toHaveLength(1);
  });
});
