import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCli, fleetFixture, type Fleet } from '@fairlead/testkit/fleet';
import { type ControlPlane, until } from '@fairlead/testkit/kube';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import { configMap, manifests, oneShop } from './documents.ts';
import { untilPlacement } from './observe.ts';

const path = '/api/v1/namespaces/shop/configmaps/settings';
let broker: NatsServer | undefined;
let fleet: Fleet;
let plane: ControlPlane;

/** What a platform team does: keys and configuration by the command line, and a server that includes it. */
async function startBroker(keysFolder: string): Promise<NatsServer> {
  const config = await createCli(keysFolder).must('nats', 'config', '--keys', keysFolder);
  return startNatsServer({ jetStream: false, config });
}

beforeAll(async () => {
  fleet = await fleetFixture({
    clusters: [{ name: 'till', labels: { env: 'shops' }, controllers: false, transport: 'nats' }],
    async beforeHub(dataDir) {
      broker = await startBroker(dataDir);
      return { 'agents-nats': broker.url };
    },
    repositories: {
      shop: () => ({ 'deploy/settings.yaml': manifests(configMap('settings', { greeting: 'hello' })) }),
      fleet: (gitUrl) => ({
        'fairlead.yaml': oneShop('tills', { environment: 'shops', gitUrl }),
      }),
    },
  });
  ({ plane } = fleet.member('till'));
});
afterAll(async () => {
  await fleet?.stop();
  await broker?.stop();
});

async function greet(greeting: string): Promise<void> {
  const files = { 'deploy/settings.yaml': manifests(configMap('settings', { greeting })) };
  await fleet.push('shop', { files, message: `Greet with ${greeting}` });
}

async function untilGreeting(greeting: string): Promise<void> {
  await until(async () => (await plane.api.get(path)).data.greeting === greeting, {
    what: `the ConfigMap to say ${greeting}`,
    timeoutMs: 90_000,
    pollMs: 50,
  });
}

test('a commit comes to a cluster whose agent streams over a NATS broker, and its status comes back', async () => {
  await untilGreeting('hello');
  await greet('good morning');
  await untilGreeting('good morning');
  const inSync = { cluster: 'till', application: 'default/shop', what: 'in sync and healthy' };
  await untilPlacement(fleet, {
    ...inSync,
    is: ({ sync, health }) => sync === 'InSync' && health === 'Healthy',
  });
  const seen = (await broker?.monitor('/connz')) as { connections: { name: string }[] } | undefined;
  expect(seen?.connections.map(({ name }) => name).sort()).toEqual(['fairlead agent till', 'fairlead gateway']);
});

test('a broker that is killed and comes back costs a delay, and what was pushed meanwhile arrives', async () => {
  await broker?.down();
  await greet('good night');
  await untilPlacement(fleet, {
    cluster: 'till',
    application: 'default/shop',
    what: 'assigned, with nobody there to hear of it',
    is: ({ sync }) => sync === 'Assigned',
  });
  expect((await plane.api.get(path)).data.greeting).toBe('good morning');
  await broker?.up();
  await untilGreeting('good night');
});

test('a cluster that is removed is let onto the broker no more, and the gateway does not feel it', async () => {
  const connections = async (state: 'open' | 'closed') => {
    const page = (await broker?.monitor(`/connz?state=${state}`)) as
      | { connections: { name: string; cid: number; reason?: string }[] }
      | undefined;
    return page?.connections ?? [];
  };
  const gateway = (await connections('open')).find(({ name }) => name === 'fairlead gateway');
  await fleet.push('fleet', { files: { 'ledger/clusters/till.yaml': null }, message: 'Remove till' });
  // The agent tries on, and hears it from the broker instead of a gateway.
  await until(async () => (await connections('closed')).some(({ reason }) => reason === 'Authentication Failure'), {
    what: 'till to be refused by the broker',
    timeoutMs: 60_000,
    pollMs: 50,
  });
  // What tells the broker may not have hung up yet.
  const open = (await connections('open')).filter(({ name }) => name !== 'fairlead revoker');
  expect(open.map(({ name, cid }) => ({ name, cid }))).toEqual([{ name: 'fairlead gateway', cid: gateway?.cid }]);
});
