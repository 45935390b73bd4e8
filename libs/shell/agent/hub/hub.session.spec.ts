import { FairleadError } from '@fairlead/core/model';
import { desiredRoot, headBytes, sha256 } from '@fairlead/core/bundle';
import type {
  AgentMessage,
  ApplicationId,
  ApplicationStatus,
  ClusterName,
  CommitSha,
  DesiredEntry,
  Digest,
  HubMessage,
  MessageOf,
  Position,
} from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { fakeCluster } from '@fairlead/ports/cluster';
import type { HubLink } from '@fairlead/ports/transport';
import { describe, expect, it, vi } from 'vitest';
import { silentLog } from '../log.ts';
import { openAgentState, type AcceptedState } from '../state/agentState.ts';
import { createIntake } from './intake.ts';
import { createReporter } from './reporter.ts';
import { runSession, type Answers } from './session.ts';

const cluster = 'c1' as ClusterName;
const object = JSON.stringify({ apiVersion: 'v1', data: {}, kind: 'ConfigMap', metadata: { name: 'a' } });
const index = JSON.stringify({ application: 'web/a', objects: [{ key: {}, digest: sha256(object), stage: 0 }] });

function entry(application: string, bundle: Digest): DesiredEntry {
  return {
    application: application as ApplicationId,
    environment: 'dev',
    release: sha256('r'),
    version: '1',
    bundle,
    attempt: '0'.repeat(40) as CommitSha,
    team: { namespaces: [], allowKinds: [], denyKinds: [] },
    acknowledged: {},
  };
}

function desired(
  position: Position,
  options: { entries?: DesiredEntry[]; sent?: DesiredEntry[]; since?: Position } = {},
): HubMessage {
  const { entries = [], sent = entries, since } = options;
  const root = desiredRoot({ entries, tombstones: [] });
  const head = { bytes: headBytes({ cluster, position, root }), signature: new Uint8Array(), keyId: 'k' };
  return {
    type: 'Desired',
    head,
    entries: sent,
    tombstones: [],
    removed: [],
    ...(since === undefined ? {} : { since }),
  };
}

const status = (application: string): ApplicationStatus => ({
  application: application as ApplicationId,
  release: sha256('r'),
  bundle: sha256('b'),
  attempt: '0'.repeat(40) as CommitSha,
  sync: 'InSync',
  health: 'Healthy',
  drift: 'None',
  reason: 'Applied',
  message: '',
  objects: 1,
  healthyObjects: 1,
  problems: [],
});

const unable: Answers = {
  plan: () => Promise.resolve('{}'),
  query: () => Promise.reject(new Error('Cannot answer')),
};

async function agent(options: { trusts?: boolean; answers?: Answers } = {}) {
  const api = fakeCluster();
  const clock = manualClock(1_000_000);
  const state = await openAgentState({ cluster: api, namespace: 'default', holder: 'h', log: silentLog });
  const reporter = createReporter(clock);
  const stop = new AbortController();
  const sent: AgentMessage[] = [];
  const accepted: AcceptedState[] = [];
  const unwritten: string[] = [];
  const streams: { deliver: (message: HubMessage) => Promise<void>; cut: (why: string) => void }[] = [];
  const link: HubLink = {
    connect: (handler) => {
      const closed = Promise.withResolvers<string>();
      streams.push({ deliver: handler, cut: closed.resolve });
      return Promise.resolve({
        send: (message) => Promise.resolve(void sent.push(message)),
        closed: closed.promise,
        close: () => closed.resolve('closed by the agent'),
      });
    },
  };
  const intake = createIntake({
    cluster,
    state,
    clock,
    log: silentLog,
    verify: () => options.trusts ?? true,
    accepted: (next) => void accepted.push(next),
    unwritten: (_, { reason }) => void unwritten.push(reason),
  });
  const done = runSession({
    link: () => link,
    facts: () => ({ agentVersion: '1', kubernetesVersion: 'v1', capabilities: [] }),
    accepted: () => state.accepted,
    intake,
    reporter,
    answers: options.answers ?? unable,
    clock,
    random: () => 1,
    log: silentLog,
    signal: stop.signal,
  });
  const all = <Type extends AgentMessage['type']>(type: Type) =>
    sent.filter((message): message is MessageOf<AgentMessage, Type> => message.type === type);
  const next = (type: AgentMessage['type'], count: number) => vi.waitFor(() => expect(all(type).length).toBe(count));
  await next('Hello', 1);
  return {
    api,
    clock,
    state,
    reporter,
    sent,
    accepted,
    unwritten,
    streams,
    all,
    next,
    end: () => (stop.abort(), done),
  };
}

describe('a stream to the hub', () => {
  it('goes on writing what the API server cannot take now, says so, and loses nothing', async () => {
    const one = await agent();
    const [stream] = one.streams;
    const stop = one.api.intercept(({ verb }) => {
      if (verb === 'create')
        throw new FairleadError('Cannot', { code: 'Unavailable', reason: 'ApiServerUnreachable', retry: 'backoff' });
    });
    await stream?.deliver({ type: 'Settings', session: 7, heartbeatMs: 0, statusDigest: one.reporter.digest() });
    await stream?.deliver(desired({ epoch: 1, generation: 1 }));
    for (let tries = 1; tries <= 10; tries += 1) {
      await vi.waitFor(() => expect(one.unwritten).toHaveLength(tries));
      one.clock.advance(15_000);
    }
    expect(one.accepted).toEqual([]);
    expect(one.unwritten[0]).toBe('ApiServerUnreachable');
    stop();
    await vi.waitFor(() => {
      one.clock.advance(15_000);
      expect(one.accepted).toHaveLength(1);
    });
    await one.next('Ack', 1);
    await one.end();
  });

  it('accepts what is signed and complete, after fetching only what it lacks, and acknowledges after writing', async () => {
    const one = await agent();
    const [stream] = one.streams;
    await stream?.deliver({ type: 'Settings', session: 7, heartbeatMs: 0, statusDigest: one.reporter.digest() });
    const bundle = sha256(index);
    await stream?.deliver(desired({ epoch: 1, generation: 1 }, { entries: [entry('web/a', bundle)] }));
    await one.next('Want', 1);
    const bytes = new TextEncoder().encode(index);
    await stream?.deliver({
      type: 'Objects',
      blobs: [{ digest: bundle, part: 0, parts: 2, data: bytes.slice(0, 9) }],
      missing: [],
    });
    await stream?.deliver({
      type: 'Objects',
      blobs: [{ digest: bundle, part: 1, parts: 2, data: bytes.slice(9) }],
      missing: [],
    });
    await one.next('Want', 2);
    expect(one.all('Want')[1]?.digests).toEqual([sha256(object)]);
    await stream?.deliver({
      type: 'Objects',
      blobs: [{ digest: sha256(object), part: 0, parts: 1, data: new TextEncoder().encode(object) }],
      missing: [],
    });
    await one.next('Ack', 1);
    expect(one.all('Ack')[0]).toMatchObject({ session: 7, position: { epoch: 1, generation: 1 } });
    expect(one.accepted).toHaveLength(1);
    const again = await openAgentState({ cluster: one.api, namespace: 'default', holder: 'h2', log: silentLog });
    expect(again.accepted?.position).toEqual({ epoch: 1, generation: 1 });
    expect(await again.text(sha256(object))).toBe(object);
    await one.end();
  });

  it('refuses an unsigned state, one for another cluster and one that is behind', async () => {
    const untrusting = await agent({ trusts: false });
    await untrusting.streams[0]?.deliver(desired({ epoch: 1, generation: 1 }));
    const trusting = await agent();
    await trusting.streams[0]?.deliver(desired({ epoch: 2, generation: 5 }));
    await trusting.next('Ack', 1);
    await trusting.streams[0]?.deliver(desired({ epoch: 2, generation: 4 }));
    await trusting.streams[0]?.deliver(desired({ epoch: 1, generation: 9 }));
    await trusting.streams[0]?.deliver(desired({ epoch: 2, generation: 6 }));
    await trusting.next('Ack', 2);
    expect(trusting.accepted.map(({ position }) => position.generation)).toEqual([5, 6]);
    expect(untrusting.accepted).toEqual([]);
    await Promise.all([untrusting.end(), trusting.end()]);
  });

  it('merges changes since its position, and asks for all where they do not lead to the root', async () => {
    const one = await agent();
    const [stream] = one.streams;
    await stream?.deliver({ type: 'Settings', session: 1, heartbeatMs: 0, statusDigest: one.reporter.digest() });
    const bundle = sha256('{"objects":[]}');
    const first = entry('web/a', bundle);
    await stream?.deliver(desired({ epoch: 1, generation: 1 }, { entries: [first] }));
    await one.next('Want', 1);
    await stream?.deliver({
      type: 'Objects',
      blobs: [{ digest: bundle, part: 0, parts: 1, data: new TextEncoder().encode('{"objects":[]}') }],
      missing: [],
    });
    await one.next('Ack', 1);
    const second = entry('web/b', bundle);
    const since = { epoch: 1, generation: 1 };
    await stream?.deliver(desired({ epoch: 1, generation: 2 }, { entries: [first, second], sent: [second], since }));
    await one.next('Ack', 2);
    expect(one.state.accepted?.entries.map(({ application }) => application)).toEqual(['web/a', 'web/b']);
    await stream?.deliver(desired({ epoch: 1, generation: 3 }, { entries: [second], sent: [], since }));
    await one.next('Hello', 2);
    expect(one.all('Hello')[1]?.position).toBeUndefined();
    // A hub whose words never add up is left, and dialled again after a pause.
    await stream?.deliver(desired({ epoch: 1, generation: 4 }, { entries: [second], sent: [], since }));
    await vi.waitFor(() => {
      one.clock.advance(1000);
      expect(one.streams).toHaveLength(2);
    });
    await one.end();
  });

  it('sends the whole status where digests differ, then only what changed, and all again when asked', async () => {
    const one = await agent();
    const [stream] = one.streams;
    one.reporter.status(status('web/a'));
    one.reporter.status(status('web/b'));
    await stream?.deliver({ type: 'Settings', session: 3, heartbeatMs: 0 });
    one.clock.advance(100);
    await one.next('StatusDelta', 1);
    expect(one.all('StatusDelta')[0]).toMatchObject({
      session: 3,
      sequence: 1,
      full: true,
      statusDigest: one.reporter.digest(),
    });
    one.reporter.status({ ...status('web/a'), health: 'Degraded' });
    one.reporter.status({ ...status('web/a'), health: 'Progressing' });
    one.clock.advance(100);
    await one.next('StatusDelta', 2);
    expect(one.all('StatusDelta')[1]).toMatchObject({
      sequence: 2,
      full: false,
      changed: [{ application: 'web/a', health: 'Progressing' }],
    });
    await stream?.deliver({ type: 'NeedStatus' });
    one.clock.advance(100);
    await one.next('StatusDelta', 3);
    expect(one.all('StatusDelta')[2]).toMatchObject({ sequence: 3, full: true, changed: [{}, {}] });
    await one.end();
  });

  it('says once what began and was over within a moment', async () => {
    const one = await agent();
    await one.streams[0]?.deliver({
      type: 'Settings',
      session: 3,
      heartbeatMs: 0,
      statusDigest: one.reporter.digest(),
    });
    one.reporter.status({ ...status('web/a'), sync: 'Applying' });
    one.clock.advance(10);
    one.reporter.status(status('web/a'));
    one.clock.advance(10);
    await one.next('StatusDelta', 1);
    expect(one.all('StatusDelta')[0]).toMatchObject({ sequence: 1, changed: [{ sync: 'InSync', health: 'Healthy' }] });
    one.clock.advance(1000);
    expect(one.all('StatusDelta')).toHaveLength(1);
    await one.end();
  });

  it('says nothing of its status on a reconnect with equal digests, and comes back after a growing pause', async () => {
    const one = await agent();
    one.reporter.status(status('web/a'));
    await one.streams[0]?.deliver({
      type: 'Settings',
      session: 1,
      heartbeatMs: 10_000,
      statusDigest: one.reporter.digest(),
    });
    one.clock.advance(10_000);
    await one.next('Heartbeat', 1);
    expect(one.all('StatusDelta')).toEqual([]);
    one.streams[0]?.cut('the hub went away');
    await vi.waitFor(() => {
      one.clock.advance(500);
      expect(one.streams).toHaveLength(2);
    });
    await one.next('Hello', 2);
    await one.end();
  });

  it('answers what it cannot do with an error, beside all other work', async () => {
    const one = await agent();
    await one.streams[0]?.deliver({ type: 'Query', id: 'q1', kind: 'Tree', application: 'web/a' });
    await one.streams[0]?.deliver({ type: 'PlanRequest', id: 'p1', application: 'web/a', bundle: sha256('b') });
    await one.next('PlanResult', 1);
    await one.next('QueryResult', 1);
    expect(one.all('QueryResult')[0]).toMatchObject({ id: 'q1', error: 'Cannot answer' });
    await one.end();
  });

  it('fetches for a plan beside the desired state, and hands over nothing but what the plan asked for', async () => {
    const texts: string[] = [];
    const answers: Answers = {
      ...unable,
      plan: async ({ bundle }, fetch) => {
        texts.push(...(await fetch([bundle])).values());
        return fetch([sha256('gone')]).then(() => '{}');
      },
    };
    const one = await agent({ answers });
    const [stream] = one.streams;
    const part = (text: string) => ({ digest: sha256(text), part: 0, parts: 1, data: new TextEncoder().encode(text) });
    await stream?.deliver({ type: 'Settings', session: 1, heartbeatMs: 0, statusDigest: one.reporter.digest() });
    await stream?.deliver({ type: 'PlanRequest', id: 'p1', application: 'web/a', bundle: sha256(index) });
    await one.next('Want', 1);
    await stream?.deliver(
      desired({ epoch: 1, generation: 1 }, { entries: [entry('web/a', sha256('{"objects":[]}'))] }),
    );
    await one.next('Want', 2);
    await stream?.deliver({ type: 'Objects', blobs: [part('{"objects":[]}'), part(index)], missing: [] });
    await one.next('Ack', 1);
    await one.next('Want', 3);
    await stream?.deliver({ type: 'Objects', blobs: [], missing: [sha256('gone')] });
    await one.next('PlanResult', 1);
    expect(texts).toEqual([index]);
    expect(one.state.has(sha256(index))).toBe(false);
    const [result] = one.all('PlanResult');
    expect(result?.error).toContain('the hub does not give');
    expect(JSON.parse(result?.resultJson ?? '')).toMatchObject({ code: 'Unavailable', reason: 'BundleIncomplete' });
    await one.end();
  });

  it('gives a plan up whose texts do not come, or whose stream ends, and refuses more than it can answer', async () => {
    const answers: Answers = { ...unable, plan: ({ bundle }, fetch) => fetch([bundle]).then(() => '{}') };
    const one = await agent({ answers });
    const [stream] = one.streams;
    const plan = (id: string): HubMessage => ({ type: 'PlanRequest', id, application: 'web/a', bundle: sha256(id) });
    for (const id of ['1', '2', '3', '4', '5']) await stream?.deliver(plan(id));
    await one.next('PlanResult', 1);
    expect(one.all('PlanResult')[0]).toMatchObject({
      id: '5',
      error: expect.stringContaining('4 questions') as string,
    });
    await vi.waitFor(() => {
      one.clock.advance(10_000);
      expect(one.all('PlanResult')).toHaveLength(5);
    });
    expect(one.all('PlanResult')[1]?.error).toContain('the hub sends nothing');
    await one.end();
  });
});
