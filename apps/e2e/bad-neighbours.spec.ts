import { statusDigest } from '@fairlead/core/bundle';
import type { AgentMessage, ApplicationStatus, ClusterName, Digest, HubMessage } from '@fairlead/core/model';
import { until } from '@fairlead/testkit/kube';
import { currentWire, dialRaw, firstWire, identityOf, type RawStream } from '@fairlead/testkit/rawAgent';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { good, mostGrowthBytes, startNeighbourhood, undisturbed, type Neighbourhood } from './neighbours.ts';

const timeoutMs = 60_000;
const application = 'default/web';
const unknown = `sha256:${'ab'.repeat(32)}` as Digest;
const nothing = statusDigest([]);
const hello: AgentMessage = {
  type: 'Hello',
  agentVersion: '0.1.0',
  kubernetesVersion: 'v1.36.0',
  capabilities: [],
  statusDigest: nothing,
};

let street: Neighbourhood;
beforeAll(async () => {
  street = await startNeighbourhood('grpc');
  // After a start on an empty store nothing spreads before every member has told what it runs; from these: nothing.
  for (const cluster of street.bad) {
    const { stream, session } = await begin(cluster);
    const all = { sequence: 1, full: true, changed: [], removed: [], statusDigest: nothing } as const;
    stream.say({ type: 'StatusDelta', session, ...all });
    stream.say({ type: 'Want', digests: [unknown] });
    await stream.until(({ type }) => type === 'Objects' || undefined);
    stream.close();
    await stream.ended;
  }
});
afterAll(() => street?.stop());

type Stream = RawStream<AgentMessage, HubMessage>;

function dial(cluster: ClusterName): Stream {
  const { address, caPem } = street.scene.dial;
  return dialRaw({ address, caPem, identity: street.identity(cluster), wire: currentWire });
}

/** A stream that has begun, and the number of its session. */
async function begin(cluster: ClusterName): Promise<{ stream: Stream; session: number }> {
  const stream = dial(cluster);
  stream.say(hello);
  const session = await stream.until((message) => (message.type === 'Settings' ? message.session : undefined));
  return { stream, session };
}

/** The line of the journal about the cluster's agent. */
async function untilTold(cluster: ClusterName, words: RegExp): Promise<string> {
  return until(
    async () => {
      const { items } = await street.scene.hub.client.call('listEvents', { query: { cluster, limit: 20 } });
      const lines = items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
      const found = lines.find((line) => line.startsWith('AgentMisbehaves') && words.test(line));
      if (found) return found;
      throw new Error(lines.join('\n'));
    },
    { what: `the journal to tell ${words.source} of ${cluster}`, timeoutMs, pollMs: 100 },
  );
}

test('one that floods is read as fast as its share, and named', async () => {
  const cluster = street.bad[0] as ClusterName;
  const before = await street.memory();
  const { stream } = await begin(cluster);
  const beganAtMs = performance.now();
  const flooding = (async () => {
    while (!stream.isOver) if (!stream.say({ type: 'Want', digests: [unknown] })) await stream.drained();
  })();
  expect(await street.release()).toEqual(undisturbed);
  expect(await untilTold(cluster, /RateLimited/)).toContain(`${cluster} sends more than 50 messages a second`);
  const answers = stream.heard.filter(({ type }) => type === 'Objects').length;
  const seconds = (performance.now() - beganAtMs) / 1000;
  stream.close();
  await flooding;
  expect(answers).toBeGreaterThan(200);
  expect(answers).toBeLessThanOrEqual(200 + 50 * (seconds + 1));
  expect((await street.memory()) - before).toBeLessThan(mostGrowthBytes);
});

test('one that never reads is not waited for, and shown as what it is', async () => {
  const cluster = street.bad[1] as ClusterName;
  const before = await street.memory();
  const bundle = (await street.placement(cluster))?.bundle as Digest;
  const { stream } = await begin(cluster);
  stream.deafen();
  const asking = (async () => {
    while (!stream.isOver) if (!stream.say({ type: 'Want', digests: [bundle] })) await stream.drained();
  })();
  for (let round = 0; round < 3; round += 1) expect(await street.release()).toEqual(undisturbed);
  const { attempt } = street.last();
  const shown = await until(
    async () => (await street.placement(cluster))?.attempt === attempt && street.placement(cluster),
    {
      what: 'the release to be assigned to the cluster that does not read',
      timeoutMs,
    },
  );
  expect(shown).toMatchObject({
    cluster,
    sync: 'Assigned',
    message: expect.stringContaining('not answered') as string,
  });
  expect((await street.memory()) - before).toBeLessThan(mostGrowthBytes);
  stream.close();
  await asking;
});

test('one of the first release, which knows no later message or field, is served as all are', async () => {
  const cluster = street.bad[2] as ClusterName;
  const { address, caPem } = street.scene.dial;
  const wire = await firstWire();
  const stream = dialRaw({ address, caPem, identity: street.identity(cluster), wire });
  const part = <Value>(field: string): Promise<Value> =>
    stream.until((message) => (message as Record<string, Value | undefined>)[field]);
  const digestBytes = (digest: string): Uint8Array => Buffer.from(digest.slice('sha256:'.length), 'hex');
  stream.say({
    hello: { agentVersion: '0.1.0', kubernetesVersion: 'v1.36.0', statusDigest: digestBytes(statusDigest([])) },
  });
  const settings = await part<{ session: string }>('settings');
  const session = BigInt(settings.session);
  expect(await street.release()).toEqual(undisturbed);

  const { attempt } = street.last();
  const entry = await stream.until((message) => {
    const { desired } = message as { desired?: { entries?: { bundle: string; release: string; attempt: string }[] } };
    return desired?.entries?.find((one) => Buffer.from(one.attempt, 'base64').toString('hex') === attempt);
  });
  const bundle = Buffer.from(entry.bundle, 'base64');
  stream.say({ want: { digests: [bundle] } });
  const index = await stream.until((message) => {
    const { objects } = message as { objects?: { blobs?: { digest: string; data: string }[] } };
    const blob = objects?.blobs?.find(({ digest }) => digest === entry.bundle);
    return blob && (JSON.parse(Buffer.from(blob.data, 'base64').toString()) as { objects: { digest: string }[] });
  });
  const status: ApplicationStatus = {
    application: application as never,
    release: `sha256:${Buffer.from(entry.release, 'base64').toString('hex')}` as Digest,
    bundle: `sha256:${bundle.toString('hex')}` as Digest,
    attempt: attempt as never,
    sync: 'InSync',
    health: 'Healthy',
    drift: 'None',
    reason: 'Applied',
    message: '',
    objects: index.objects.length,
    healthyObjects: index.objects.length,
    healthyForMs: 0,
    problems: [],
  };
  const { release, ...same } = status;
  const changed = {
    ...same,
    release: digestBytes(release),
    bundle,
    attempt: Buffer.from(attempt, 'hex'),
    sync: 4,
    health: 1,
    drift: 1,
    healthyForMs: 0n,
  };
  const digest = digestBytes(statusDigest([status]));
  stream.say({ statusDelta: { session, sequence: 1n, full: true, changed: [changed], statusDigest: digest } });
  const shown = await until(
    async () => (await street.placement(cluster))?.sync === 'InSync' && street.placement(cluster),
    { what: 'the old agent to be told as in sync', timeoutMs },
  );
  expect(shown).toMatchObject({ health: 'Healthy', attempt, objects: 5 });
  stream.say({ heartbeat: { session, statusDigest: digest } });
  expect(stream.isOver).toBe(false);
  stream.close();
});

test('one that says something for a session that is not its own ends its own stream, and is named', async () => {
  const cluster = street.bad[3] as ClusterName;
  const { stream, session } = await begin(cluster);
  const [other] = street.scene.agents;
  const before = await street.placement(other?.cluster as ClusterName);
  const delta = {
    type: 'StatusDelta',
    sequence: 1,
    full: true,
    changed: [],
    removed: [],
    statusDigest: unknown,
  } as const;
  stream.say({ ...delta, session: session + 1_000 });
  const end = await stream.ended;
  expect(end).toMatchObject({ status: 'INVALID_ARGUMENT' });
  expect(end.details).toContain(`Cannot take a message of session ${session + 1_000}`);
  expect(await untilTold(cluster, /session/)).toContain('enrol the cluster again');
  expect(await street.placement(other?.cluster as ClusterName)).toEqual(before);
  expect(await street.release()).toEqual(undisturbed);
});

test('a certificate of another name, and one with another key, are refused with what to do', async () => {
  const { address, caPem } = street.scene.dial;
  const { dataDir } = street.scene.hub;
  const taken = street.scene.agents[0]?.cluster as ClusterName;
  for (const [cluster, words] of [
    ['stranger' as ClusterName, 'the ledger names no such cluster'],
    [taken, `its key is not the one in ledger/clusters/${taken}.yaml`],
  ] as const) {
    const identity = await identityOf(dataDir, cluster);
    const stream = dialRaw({ address, caPem, identity, wire: currentWire });
    stream.say(hello);
    const { status, details } = await stream.ended;
    expect(status).toBe('PERMISSION_DENIED');
    expect(details).toContain(`${cluster}: ${words}`);
    expect(details).toContain(`fairlead cluster join ${cluster}`);
  }
  expect(await street.release()).toEqual(undisturbed);
});

test('one over the size limit, and one that speaks no protocol, end their own streams, and are named', async () => {
  const cluster = street.bad[4] as ClusterName;
  const before = await street.memory();
  for (const [bytes, status] of [
    [Buffer.alloc(5 * 1024 ** 2), 'RESOURCE_EXHAUSTED'],
    [Buffer.alloc(64, 0xff), 'INVALID_ARGUMENT'],
  ] as const) {
    const { stream } = await begin(cluster);
    stream.write(bytes);
    expect(await stream.ended).toMatchObject({
      status,
      details: expect.stringContaining('Cannot read message') as string,
    });
  }
  expect(await untilTold(cluster, /Cannot read message/)).toContain(`${cluster} said something that no agent says`);
  expect(await street.release()).toEqual(undisturbed);
  expect((await street.memory()) - before).toBeLessThan(mostGrowthBytes);
});

test('messages that come twice and in the wrong order change nothing twice, and are asked for again', async () => {
  const cluster = street.bad[5] as ClusterName;
  expect(await street.release()).toEqual(undisturbed);
  const { stream, session } = await begin(cluster);
  const { attempt } = street.last();
  const assigned = await until(
    async () => (await street.placement(cluster))?.attempt === attempt && street.placement(cluster),
    { what: 'the release to be assigned', timeoutMs },
  );
  const failed = (message: string): ApplicationStatus => ({
    application: application as never,
    release: assigned.release as Digest,
    bundle: assigned.bundle as Digest,
    attempt: attempt as never,
    sync: 'Failed',
    health: 'Unknown',
    drift: 'None',
    reason: 'ApplyFailed',
    message,
    objects: 5,
    healthyObjects: 0,
    problems: [],
  });
  const delta = (sequence: number, { full, message }: { full: boolean; message: string }): AgentMessage => ({
    type: 'StatusDelta',
    session,
    sequence,
    full,
    changed: [failed(message)],
    removed: [],
    statusDigest: statusDigest([failed(message)]),
  });
  const first = delta(1, { full: true, message: 'first' });
  for (const message of [
    first,
    first,
    delta(3, { full: false, message: 'third' }),
    delta(2, { full: false, message: 'second' }),
  ])
    stream.say(message);
  await stream.until(({ type }) => type === 'NeedStatus' || undefined);
  stream.say(delta(4, { full: true, message: 'the whole' }));
  stream.say(delta(4, { full: true, message: 'the same number again' }));
  stream.say({ type: 'Heartbeat', session, statusDigest: statusDigest([failed('the whole')]) });
  await until(async () => (await street.placement(cluster))?.message === 'the whole', {
    what: 'the whole status to be told',
    timeoutMs,
  });
  expect(stream.heard.filter(({ type }) => type === 'NeedStatus')).toHaveLength(2);
  expect(stream.isOver).toBe(false);
  stream.close();
});

test('two that fight over one identity are sent away for a while, and named', async () => {
  const cluster = street.bad[6] as ClusterName;
  const before = await street.memory();
  let streams = 0;
  const fight = async (): Promise<string> => {
    for (;;) {
      const stream = dial(cluster);
      streams += 1;
      stream.say(hello);
      const { details } = await stream.ended;
      if (!details.includes('took the place')) return details;
    }
  };
  const fighting = [fight(), fight()];
  expect(await street.release()).toEqual(undisturbed);
  const refusal = await Promise.race(fighting);
  expect(refusal).toContain(`Cannot take another stream of ${cluster}`);
  expect(refusal).toContain('enrol it under a name of its own: fairlead cluster join NAME');
  expect(await untilTold(cluster, /RateLimited/)).toContain('two agents run under this identity');
  expect(streams).toBeLessThan(good);
  expect((await street.memory()) - before).toBeLessThan(mostGrowthBytes);
});
