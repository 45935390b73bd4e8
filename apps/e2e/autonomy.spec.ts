import { afterAll, beforeAll, expect, test } from 'vitest';
import { fleetFixture, type Fleet } from '@fairlead/testkit/fleet';
import { type ControlPlane, readAudit, until } from '@fairlead/testkit/kube';
import { configMap, manifests, oneShop } from './documents.ts';
import { untilPlacement } from './observe.ts';

const namespace = 'shop';
const path = `/api/v1/namespaces/${namespace}/configmaps/settings`;
let fleet: Fleet;
let plane: ControlPlane;

beforeAll(async () => {
  fleet = await fleetFixture({
    clusters: [{ name: 'edge', labels: { env: 'dev' }, controllers: false }],
    repositories: {
      shop: () => ({ 'deploy/settings.yaml': manifests(configMap('settings', { greeting: 'hello' })) }),
      fleet: (gitUrl) => ({
        'fairlead.yaml': oneShop('autonomy', { environment: 'dev', gitUrl }),
      }),
    },
  });
  ({ plane } = fleet.member('edge'));
  await untilPlacement(fleet, {
    cluster: 'edge',
    application: 'default/shop',
    what: 'in sync',
    is: ({ sync }) => sync === 'InSync',
  });
});
afterAll(() => fleet?.stop());

async function untilGreeting(greeting: string): Promise<void> {
  await until(async () => (await plane.api.get(path)).data.greeting === greeting, {
    what: `the ConfigMap to say ${greeting}`,
    timeoutMs: 15_000,
    pollMs: 20,
  });
}

test('an agent that is killed and started again while the hub is down still corrects drift', async () => {
  const { agent } = fleet.member('edge');
  await fleet.hub.kill();
  await agent.kill();
  await plane.api.merge(path, { data: { greeting: 'changed while nobody looked' } });
  await agent.start();
  await untilGreeting('hello');

  await plane.api.delete(path);
  await untilGreeting('hello');

  await plane.api.merge(path, { data: { greeting: 'changed again' } });
  await untilGreeting('hello');
  expect(fleet.hub.isRunning()).toBe(false);
});

test('every write to an object of the application was made as the applier, and none as the agent itself', async () => {
  const writes = await readAudit(plane.auditLogPath, {
    where: ({ objectRef, user, verb }) =>
      objectRef?.namespace === namespace &&
      user.startsWith('system:serviceaccount:fairlead-system') &&
      ['create', 'update', 'patch', 'delete'].includes(verb) &&
      objectRef.resource !== 'events',
  });
  expect(writes.length).toBeGreaterThanOrEqual(4);
  expect(new Set(writes.map(({ impersonatedUser }) => impersonatedUser))).toEqual(
    new Set(['system:serviceaccount:fairlead-system:fairlead-applier']),
  );
});

test('the hub that comes back hears of the drift that was corrected without it', async () => {
  await fleet.hub.start();
  const drift = await until(
    async () => {
      const { items } = await fleet.hub.client.call('listDrift', { query: { cluster: 'edge' } });
      return items.length > 0 ? items : undefined;
    },
    { what: 'drift to be told', timeoutMs: 60_000 },
  );
  expect(drift.every(({ object, outcome }) => object.includes('settings') && outcome === 'Corrected')).toBe(true);
});
