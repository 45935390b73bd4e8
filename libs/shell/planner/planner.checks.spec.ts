import { memoryForge } from '@fairlead/ports/forge';
import { expect, it } from 'vitest';
import { applicationYaml, join, openFleet, pass, run, versions, why } from './fleet.fixture.ts';

async function asking(gates: string, options: Parameters<typeof openFleet>[0] = {}) {
  const fleet = await openFleet(options);
  const pipeline = `[{ environment: dev }, { environment: prod, gates: ${gates} }]`;
  await fleet.git.server.commit({ message: 'Ask', files: { 'podinfo.yaml': applicationYaml(pipeline) } });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'prod-1': { env: 'prod' } });
  return fleet;
}

const url = 'https://checks.example.com/${environment}/${release.version}?of=${application}';
const check = `{ check: { http: { url: "${url}" }, pass: response.status == 200 } }`;
const gateOf = async (fleet: Awaited<ReturnType<typeof asking>>, at = 0) => (await why(fleet, 'prod'))?.gates[at];

it('a server is asked about a candidate once every other gate has passed, and its yes lets it in', async () => {
  const fleet = await asking(`[${check}, { soak: 1m }]`);
  expect(fleet.server.asked).toEqual([]);
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Unknown',
    message: 'It is asked as soon as every other gate has passed.',
  });
  await pass(fleet, 60_000);
  await run(fleet);
  expect(fleet.server.asked).toEqual(['GET /prod/1.0.0?of=default%2Fpodinfo']);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
});

it('a no holds, is asked again when the timer says, and is about no other candidate than its own', async () => {
  const fleet = await asking(`[${check}]`);
  await run(fleet);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
  await fleet.server.behave({ status: 503, body: '' });
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  await run(fleet);
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Fail',
    reason: 'CheckSaysNo',
    message: 'checks.example.com answered 503: `response.status == 200` does not hold.',
    lookAtMs: fleet.clock.now() + 60_000,
  });
  expect(await versions(fleet)).toMatchObject({ 'dev-1': '2.0.0', 'prod-1': '1.0.0' });
  await fleet.server.behave({ status: 200, body: '' });
  await run(fleet);
  expect(fleet.server.asked).toHaveLength(2);
  await pass(fleet, 60_000);
  await run(fleet);
  expect(fleet.server.asked).toHaveLength(3);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '2.0.0' });
});

it('a server that does not answer is tried three times soon, then as often as the gate says, and never passes', async () => {
  const metric = '{ metric: { prometheus: { url: "https://checks.example.com" , query: up }, pass: value == 1 } }';
  const fleet = await openFleet();
  await fleet.server.behave('Silent');
  const pipeline = `[{ environment: dev }, { environment: prod, gates: [${metric}] }]`;
  await fleet.git.server.commit({ message: 'Ask', files: { 'podinfo.yaml': applicationYaml(pipeline) } });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'prod-1': { env: 'prod' } });
  const asked: number[] = [];
  for (let second = 0; second < 90; second += 5) {
    await pass(fleet, 5_000);
    await run(fleet);
    asked.push(fleet.server.asked.length);
  }
  expect(fleet.server.asked[0]).toBe('GET /api/v1/query?query=up');
  expect(asked.slice(0, 5)).toEqual([2, 3, 4, 4, 4]);
  expect(asked.at(-1)).toBe(5);
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Unknown',
    message: 'Cannot ask checks.example.com: no whole answer came within 10000 ms. It is asked again.',
  });
  expect(await versions(fleet)).not.toHaveProperty('prod-1');
});

it('a host that the hub may not ask is not asked, and the way out is named', async () => {
  const fleet = await asking('[{ check: { http: { url: "https://elsewhere.example.com/a" }, pass: "true" } }]');
  await run(fleet);
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Unknown',
    message:
      'Cannot ask elsewhere.example.com: the hub may ask checks.example.com. Start the planner with --check-host elsewhere.example.com, if it should.',
  });
});

it('a held environment asks nobody', async () => {
  const fleet = await asking(`[${check}]`);
  await run(fleet);
  const { actions, server } = fleet;
  const place = { application: 'default/podinfo' as never, environment: 'prod' as never };
  await actions.hold({ ...place, reason: 'incident' }, { name: 'eve', email: 'eve@example.com' });
  const before = server.asked.length;
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  await run(fleet);
  expect(server.asked).toHaveLength(before);
});

it('the forge is asked about the commit of the release, and lets it in once that is good', async () => {
  const { forge, server } = memoryForge();
  const fleet = await asking('[{ commitStatus: { context: ci/e2e } }]', { forge });
  await run(fleet);
  expect(await gateOf(fleet)).toMatchObject({ verdict: 'Unknown', message: 'Nobody has said ci/e2e of r1.' });
  const say = async (status: 'Pending' | 'Bad' | 'Good') => {
    server.say('r1', 'ci/e2e', status);
    await pass(fleet, 60_000);
    await run(fleet);
  };
  await say('Pending');
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Wait',
    reason: 'WaitsForStatus',
    message: 'ci/e2e is pending on r1.',
    lookAtMs: fleet.clock.now() + 60_000,
  });
  await say('Bad');
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Fail',
    reason: 'CheckSaysNo',
    message: 'ci/e2e is bad on r1.',
  });
  expect(await versions(fleet)).not.toHaveProperty('prod-1');
  await say('Good');
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
});

it('a hub without a forge says that nobody can be asked', async () => {
  const fleet = await asking('[{ commitStatus: { context: ci/e2e } }]');
  await run(fleet);
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Unknown',
    message: 'This hub was given no forge to ask: start it with --forge.',
  });
});
