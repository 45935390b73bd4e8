import { setImmediate as turn } from 'node:timers/promises';
import { desiredRoot, headBytes, sha256 } from '@fairlead/core/bundle';
import type {
  AgentMessage,
  ApplicationId,
  ClusterName,
  CommitSha,
  DesiredEntry,
  Digest,
  HubMessage,
} from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { memoryTransport, type AgentChannel } from '@fairlead/ports/transport';
import { describe, expect, test } from 'vitest';
import { startLogicalAgent } from './agent.ts';
import { calm, type Behaviour } from './behaviour.ts';
import { BlobCache } from './blobs.ts';
import { Counter } from './tally.ts';

const key = { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } });
const index = JSON.stringify({ application: 'shop/web', objects: [{ key, digest: sha256(manifest), stage: 0 }] });
const texts = new Map<Digest, string>([manifest, index].map((text) => [sha256(text), text]));

const entry: DesiredEntry = {
  application: 'shop/web' as ApplicationId,
  environment: 'all',
  release: sha256('release'),
  version: '1',
  bundle: sha256(index),
  attempt: 'a'.repeat(40) as CommitSha,
  team: { namespaces: [], allowKinds: [], denyKinds: [] },
  acknowledged: {},
};

function desired(cluster: ClusterName): HubMessage {
  const root = desiredRoot({ entries: [entry], tombstones: [] });
  const head = {
    bytes: headBytes({ cluster, position: { epoch: 1, generation: 1 }, root }),
    signature: new Uint8Array(),
  };
  return { type: 'Desired', head: { ...head, keyId: 'k' }, entries: [entry], tombstones: [], removed: [] };
}

/** The least that a hub answers. */
async function answer(channel: AgentChannel, message: AgentMessage): Promise<void> {
  if (message.type === 'Hello') {
    await channel.send({ type: 'Settings', session: 1, heartbeatMs: 60_000 });
    if (message.position === undefined) await channel.send(desired(channel.caller.cluster));
  }
  if (message.type === 'Want') {
    const blobs = message.digests.map((digest) => ({
      digest,
      part: 0,
      parts: 1,
      data: Buffer.from(texts.get(digest) ?? ''),
    }));
    await channel.send({ type: 'Objects', blobs, missing: [] });
  }
}

/** Runs 50 agents for a minute of their clock; what each said, in its order. */
async function minute(behaviour: Partial<Behaviour>) {
  const clock = manualClock(1_000_000);
  const transport = memoryTransport();
  const said = new Map<string, string[]>();
  await transport.listener.listen((channel) =>
    Promise.resolve({
      message(message) {
        const lines = said.get(channel.caller.cluster) ?? [];
        said.set(channel.caller.cluster, lines);
        if (message.type === 'StatusDelta')
          lines.push(...message.changed.map(({ sync, health }) => `${clock.now()} ${sync} ${health}`));
        else lines.push(`${clock.now()} ${message.type}`);
        return answer(channel, message);
      },
      closed: () => undefined,
    }),
  );
  const counter = new Counter();
  const blobs = new BlobCache();
  const agents = Array.from({ length: 50 }, (_, number) => {
    const cluster = `sim-${number}` as ClusterName;
    const link = transport.link({ cluster, key: sha256(cluster) });
    return startLogicalAgent({
      cluster,
      link,
      behaviour: { ...calm, ...behaviour },
      blobs,
      counter,
      clock,
      verify: () => true,
    });
  });
  for (let step = 0; step < 240; step += 1) {
    for (let n = 0; n < 20; n += 1) await turn();
    clock.advance(250);
  }
  const tally = counter.tally({ in: 0, out: 0 });
  await Promise.all(agents.map((agent) => agent.stop()));
  return { said, tally };
}

describe('simulated agents', () => {
  test('all come in sync and healthy, each having asked for what it lacks', async () => {
    const { tally } = await minute({});
    expect(tally.states).toMatchObject({ Healthy: 50 });
    expect(tally.marks[`Healthy:${entry.attempt}`]?.count).toBe(50);
    expect(tally.sent).toMatchObject({ Hello: 50, Want: 100, Ack: 50 });
    expect(tally.blobs).toBe(100);
  });

  test('of one seed behave the same again, and those of another do not', async () => {
    const trouble: Partial<Behaviour> = {
      apply: { leastMs: 0, mostMs: 5_000 },
      health: { leastMs: 0, mostMs: 5_000 },
      failureRate: 0.2,
      driftPerMinute: 2,
      dropsPerMinute: 2,
    };
    const first = await minute({ ...trouble, seed: 7 });
    expect((await minute({ ...trouble, seed: 7 })).said).toEqual(first.said);
    expect((await minute({ ...trouble, seed: 8 })).said).not.toEqual(first.said);
  });

  test('fail, stay unhealthy, turn bad and drift as often as they are told to', async () => {
    const { tally } = await minute({ failureRate: 0.2, sickRate: 0.2, badRate: 0.2, driftPerMinute: 6 });
    const { Failed = 0, Progressing = 0, Degraded = 0, Healthy = 0 } = tally.states;
    expect(Failed + Progressing + Degraded + Healthy).toBe(50);
    for (const count of [Failed, Progressing, Degraded, Healthy]) expect(count).toBeGreaterThan(0);
    expect(tally.sent['DriftReport']).toBeGreaterThan(100);
  });

  test('lose their streams, come back, and are given nothing twice', async () => {
    const { tally } = await minute({ dropsPerMinute: 3 });
    expect(tally.sent['Hello']).toBeGreaterThan(100);
    expect(tally.received['Desired']).toBe(50);
    expect(tally.blobs).toBe(100);
  });

  test('flood where they are told to', async () => {
    const { tally } = await minute({ floods: 0.1, floodPerSecond: 20 });
    expect(tally.sent['Want']).toBeGreaterThan(1_000);
  });

  test('read slowly where they are told to', async () => {
    const { tally } = await minute({ slowReaders: 1, slowMs: 20_000 });
    expect(tally.states['Healthy'] ?? 0).toBe(0);
  });
});
