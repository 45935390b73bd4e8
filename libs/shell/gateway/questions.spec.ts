import { capabilities, parseReply, type Question } from '@fairlead/core/model';
import { expect, test, vi } from 'vitest';
import { assignment, bundleOf, connect, digestOf, hub, planned, shop, type Hub } from './harness.ts';

const able = Object.values(capabilities);
const about: Question = { cluster: shop, asking: 'Tree', application: 'web/shop', withinMs: 20_000 };

async function joined(at: Hub, named: readonly string[] = able) {
  at.ledger.set(shop, { key: digestOf(`key-of-${shop}`) });
  const agent = await connect(at);
  await agent.hello({ agentVersion: '0.9.0', capabilities: named });
  return agent;
}

const ask = async (at: Hub, question: Partial<Question> = {}, gateway = 'gateway-1') =>
  parseReply(await at.bus.ask(gateway, JSON.stringify({ ...about, ...question }), { withinMs: 60_000 }));

test('a question finds the agent whose stream is here, and its answer comes back as it is', async () => {
  const at = await hub();
  const agent = await joined(at);
  const reply = ask(at, { asking: 'Object', object: 'apps/Deployment/shop/web' });
  const query = await agent.next('Query');
  expect(query).toMatchObject({
    kind: 'Object',
    application: 'web/shop',
    key: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' },
  });
  await agent.connection.send({ type: 'QueryResult', id: query.id, resultJson: '{"live":{}}' });
  expect(await reply).toEqual({ result: '{"live":{}}' });
});

test('what an agent says of why it cannot answer keeps its reason, and never counts as internal here', async () => {
  const at = await hub();
  const agent = await joined(at);
  const answers = [
    {
      resultJson: '{"message":"Cannot look","code":"NotFound","reason":"NotFound","retry":"never"}',
      error: 'Cannot look',
    },
    { resultJson: '{"message":"Odd","code":"Internal","reason":"Invented"}', error: 'Odd' },
    { resultJson: '', error: 'Words alone' },
  ];
  const replies = [];
  for (const answer of answers) {
    const reply = ask(at);
    const { id } = await agent.next('Query');
    await agent.connection.send({ type: 'QueryResult', id, ...answer });
    replies.push(await reply);
  }
  expect(replies).toMatchObject([
    { problem: { code: 'NotFound', reason: 'NotFound', message: 'Cannot look' } },
    { problem: { code: 'Unavailable', reason: 'InternalError', message: 'Odd' } },
    { problem: { code: 'Unavailable', reason: 'InternalError', message: 'Words alone' } },
  ]);
});

test('an agent whose Hello does not name it is not asked, and is named with its version', async () => {
  const at = await hub();
  const agent = await joined(at, [capabilities.Tree]);
  const { problem } = (await ask(at, { asking: 'Events' })) as { problem: { message: string } };
  expect(problem).toMatchObject({ code: 'FailedPrecondition', reason: 'AgentTooOld' });
  expect(problem.message).toContain('version 0.9.0');
  expect(agent.heard.filter(({ type }) => type === 'Query')).toEqual([]);
});

test('an agent that does not answer in time, or goes, is an error; its late answer is dropped', async () => {
  const at = await hub();
  const agent = await joined(at);
  const late = ask(at, { withinMs: 5_000 });
  const { id } = await agent.next('Query');
  at.clock.advance(5_000);
  expect(await late).toMatchObject({ problem: { code: 'DeadlineExceeded', reason: 'ClusterSilent' } });
  await agent.connection.send({ type: 'QueryResult', id, resultJson: '{}' });
  const cut = ask(at);
  await agent.next('Query');
  agent.connection.close();
  expect(await cut).toMatchObject({ problem: { code: 'Unavailable', reason: 'ClusterSilent' } });
  await vi.waitFor(async () =>
    expect(await ask(at)).toMatchObject({
      problem: { message: expect.stringContaining('not at this gateway') as string },
    }),
  );
});

test('an agent is asked a few things at a time, and what it was not asked is not taken', async () => {
  const at = await hub();
  const agent = await joined(at);
  await agent.connection.send({ type: 'QueryResult', id: 'made-up', resultJson: '{}' });
  const open = [1, 2, 3, 4].map(() => ask(at));
  const queries = [];
  for (const _ of open) queries.push(await agent.next('Query'));
  expect(await ask(at)).toMatchObject({ problem: { code: 'ResourceExhausted', reason: 'RateLimited' } });
  // An answer of the wrong kind is none.
  await agent.connection.send({ type: 'PlanResult', id: queries[0]?.id ?? '', resultJson: '{"no":1}' });
  for (const [nth, { id }] of queries.entries())
    await agent.connection.send({ type: 'QueryResult', id, resultJson: `{"nth":${nth}}` });
  expect(await Promise.all(open)).toEqual([0, 1, 2, 3].map((nth) => ({ result: `{"nth":${nth}}` })));
});

test('a bundle can be asked for as long as it is planned, and no longer', async () => {
  const at = await hub();
  const [own, candidate] = [bundleOf('web/shop', ['own']), bundleOf('web/shop', ['candidate'])];
  await at.store.write([...own.blobs, ...candidate.blobs]);
  const agent = await joined(at);
  await at.store.write(planned({ epoch: 1, generation: 1 }, [assignment('web/shop', own.digest, 1)]));
  const wanted = [candidate.digest, digestOf('candidate'), own.digest];
  const given = async () => {
    await agent.connection.send({ type: 'Want', digests: wanted });
    const found = [];
    for (let rest = wanted.length; rest > 0;) {
      const { blobs, missing } = await agent.next('Objects');
      found.push(...blobs.map(({ digest }) => digest));
      rest -= blobs.length + missing.length;
    }
    return found.sort();
  };
  expect(await given()).toEqual([own.digest]);
  const reply = ask(at, { asking: 'Plan', bundle: candidate.digest });
  const { id, bundle } = await agent.next('PlanRequest');
  expect(bundle).toBe(candidate.digest);
  expect(await given()).toEqual([...wanted].sort());
  await agent.connection.send({ type: 'PlanResult', id, resultJson: '{}' });
  expect(await reply).toEqual({ result: '{}' });
  expect(await given()).toEqual([own.digest]);
});

test('each gateway answers for its own streams; what is no question is refused', async () => {
  const [at, other] = [await hub(), await hub()];
  const agent = await joined(at);
  expect(await ask(other)).toMatchObject({ problem: { reason: 'ClusterSilent' } });
  await expect(ask(at, {}, 'gateway-2')).rejects.toMatchObject({ code: 'NotFound' });
  expect(await ask(at, { asking: 'Secrets' as never })).toHaveProperty('problem');
  for (const unreadable of [
    { application: 'web' },
    { application: 'a/b/c' },
    { object: `/Pod/shop/${'x'.repeat(1024)}` },
  ])
    expect(await ask(at, unreadable)).toHaveProperty('problem');
  expect(agent.heard.filter(({ type }) => type === 'Query')).toEqual([]);
  expect(await ask(at, { asking: 'Plan' })).toMatchObject({ problem: { code: 'InvalidInput' } });
  at.gateway.close();
  await expect(ask(at)).rejects.toMatchObject({ code: 'NotFound' });
});
