import type { AgentMessage, ApplicationStatus, DriftItem, MessageOf } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { commit, digestOf, hub, joined, shop, type Hub } from './harness.ts';

function status(application: string, change: Partial<ApplicationStatus> = {}): ApplicationStatus {
  return {
    application: application as never,
    release: digestOf('release'),
    bundle: digestOf('bundle'),
    attempt: commit,
    sync: 'InSync',
    health: 'Healthy',
    drift: 'None',
    reason: 'Applied',
    message: '',
    objects: 2,
    healthyObjects: 2,
    problems: [],
    ...change,
  };
}

type Delta = MessageOf<AgentMessage, 'StatusDelta'>;
type Agent = Awaited<ReturnType<typeof joined>>;

function delta(agent: Agent, sequence: number, change: Partial<Delta> = {}): Delta {
  const { session } = agent;
  return {
    type: 'StatusDelta',
    session,
    sequence,
    full: false,
    changed: [],
    removed: [],
    statusDigest: digestOf(`s${sequence}`),
    ...change,
  };
}

/** Sends, and waits until the hub has handled it: a Want is answered after everything before it. */
async function say(agent: Agent, ...messages: readonly AgentMessage[]): Promise<void> {
  for (const message of messages) await agent.connection.send(message);
  await agent.connection.send({ type: 'Want', digests: [digestOf('nothing')] });
  await agent.next('Objects');
}

const names = async (at: Hub) => (await at.store.statuses({})).map((row) => row.status.application);
const bells = async (at: Hub) =>
  (await at.store.outbox(999)).filter((row) => row.subject === 'statuses').map((row) => row.payload['applications']);

test('statuses are written with their digest, and ring for what is new', async () => {
  const at = await hub();
  const agent = await joined(at);
  await say(agent, delta(agent, 1, { full: true, changed: [status('web/shop'), status('web/till')] }));
  expect(await names(at)).toEqual(['web/shop', 'web/till']);
  expect(await at.store.cluster(shop)).toMatchObject({ sequence: 1, statusDigest: digestOf('s1') });
  expect(await bells(at)).toContainEqual(['web/shop', 'web/till']);
  await say(agent, delta(agent, 2, { changed: [status('web/till', { health: 'Degraded' })] }));
  expect((await bells(at)).at(-1)).toEqual(['web/till']);
});

test('the digest of a row is known only while its statuses are, and a first status rings also when it is empty', async () => {
  const at = await hub();
  const agent = await joined(at);
  await say(agent, delta(agent, 1, { full: true }));
  expect((await bells(at)).length).toBe(2);
  expect((await at.store.cluster(shop))?.statusDigest).toBe(digestOf('s1'));
  await agent.hello({ statusDigest: digestOf('other') });
  expect(await at.store.cluster(shop)).not.toHaveProperty('statusDigest');
});

test('a full status takes away what it does not name, and rings for nothing that is as it was', async () => {
  const at = await hub();
  const agent = await joined(at);
  await say(agent, delta(agent, 1, { full: true, changed: [status('web/shop'), status('web/till')] }));
  await say(agent, delta(agent, 2, { full: true, changed: [status('web/shop')] }));
  expect(await names(at)).toEqual(['web/shop']);
  expect((await bells(at)).at(-1)).toEqual(['web/till']);
});

test('a gap is answered with NeedStatus, and only a full status counts then', async () => {
  const at = await hub();
  const agent = await joined(at);
  await say(agent, delta(agent, 1, { full: true, changed: [status('web/shop')] }));
  await say(agent, delta(agent, 3, { changed: [status('web/till')] }));
  await agent.next('NeedStatus');
  await say(agent, delta(agent, 4, { changed: [status('web/till')] }));
  expect(await names(at)).toEqual(['web/shop']);
  await say(agent, delta(agent, 5, { full: true, changed: [status('web/till')] }));
  expect(await names(at)).toEqual(['web/till']);
});

test('a doubled message and one of an older session change nothing', async () => {
  const at = await hub();
  const agent = await joined(at);
  const first = delta(agent, 1, { full: true, changed: [status('web/shop')] });
  await say(agent, first, { ...first, changed: [] });
  expect(await names(at)).toEqual(['web/shop']);
  await agent.hello({ statusDigest: digestOf('s1') });
  await say(agent, delta(agent, 2, { changed: [status('web/till')] }));
  expect(await names(at)).toEqual(['web/shop']);
});

test('an agent that differs from what the hub has must begin with everything', async () => {
  const at = await hub();
  const agent = await joined(at);
  await say(agent, delta(agent, 1, { changed: [status('web/shop')] }));
  await agent.next('NeedStatus');
  expect(await names(at)).toEqual([]);
});

test('a heartbeat with another digest is asked for everything, one with the same is not', async () => {
  const at = await hub();
  const agent = await joined(at);
  await say(agent, delta(agent, 1, { full: true }));
  await say(agent, { type: 'Heartbeat', session: agent.session, statusDigest: digestOf('s1') });
  expect(agent.heard).toEqual([]);
  await say(agent, { type: 'Heartbeat', session: agent.session, statusDigest: digestOf('else') });
  expect(agent.heard.map((message) => message.type)).toEqual(['NeedStatus']);
});

test('the start of health follows from the duration, and stays through restarts of the stream', async () => {
  const at = await hub();
  const agent = await joined(at);
  const startMs = at.clock.now() - 40_000;
  await say(agent, delta(agent, 1, { full: true, changed: [status('web/shop', { healthyForMs: 40_000 })] }));
  const [first] = await at.store.statuses({});
  expect(first).toMatchObject({ healthySinceMs: startMs, sinceMs: at.clock.now() });
  at.clock.advance(20_000);
  // The message was on its way for 300 ms.
  await say(agent, delta(agent, 2, { changed: [status('web/shop', { healthyForMs: 59_700 })] }));
  const [second] = await at.store.statuses({});
  expect(second).toMatchObject({ healthySinceMs: startMs, sinceMs: first?.sinceMs, observedAtMs: at.clock.now() });
  await say(agent, delta(agent, 3, { changed: [status('web/shop', { health: 'Degraded' })] }));
  const [third] = await at.store.statuses({});
  expect(third).toMatchObject({ sinceMs: at.clock.now() });
  expect(third).not.toHaveProperty('healthySinceMs');
});

test('what left the cluster leaves the store', async () => {
  const at = await hub();
  const agent = await joined(at);
  await say(agent, delta(agent, 1, { full: true, changed: [status('web/shop'), status('web/till')] }));
  await say(agent, delta(agent, 2, { removed: ['web/shop'] }));
  expect(await names(at)).toEqual(['web/till']);
  expect((await bells(at)).at(-1)).toEqual(['web/shop']);
});

test('drift becomes lines of the journal that a person can read', async () => {
  const at = await hub();
  const agent = await joined(at);
  const item: DriftItem = {
    application: 'web/shop' as never,
    key: { group: 'apps', kind: 'Deployment', namespace: 'web', name: 'shop' },
    kind: 'Changed',
    pointer: '/spec/replicas',
    wanted: '3',
    found: '5',
    manager: 'kubectl-edit',
    outcome: 'Corrected',
    tookMs: 120,
  };
  await say(agent, { type: 'DriftReport', session: agent.session, items: [item] });
  const [row] = await at.store.events({ limit: 9, type: 'Drift' });
  expect(row).toMatchObject({ reason: 'DriftCorrected', cluster: shop, application: 'web/shop', details: item });
  expect(row?.message).toBe(
    'apps/Deployment/web/shop was changed at /spec/replicas by kubectl-edit: put right in 120 ms.',
  );
});
