import type { ClusterName } from '@fairlead/core/model';
import { systemClock } from '@fairlead/ports/clock';
import { startNatsCluster, type NatsCluster, type NatsServer } from '@fairlead/testkit/nats';
import { until } from '@fairlead/testkit/kube';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openNatsBus, type NatsBus, type NatsBusOptions } from './index.ts';

let cluster: NatsCluster;
const buses: NatsBus[] = [];
/** Each server that goes costs two elections of some seconds. */
const electionsMs = 240_000;
beforeAll(async () => {
  cluster = await startNatsCluster();
});
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
});
afterAll(() => cluster?.stop());

async function open(replicas?: number, more: Partial<NatsBusOptions> = {}): Promise<NatsBus> {
  const bus = await openNatsBus({
    servers: cluster.urls,
    caFile: cluster.caFile,
    name: 'test',
    clock: systemClock,
    limits: replicas === undefined ? {} : { replicas },
    onError: () => undefined,
    onProblem: () => undefined,
    // A cluster that just lost its leader takes a few seconds for another.
    publishWithinMs: 60_000,
    openWithinMs: 30_000,
    ...more,
  });
  buses.push(bus);
  return bus;
}

/** What counts as heard: the message itself, or the word that something may be missing. */
function ear(bus: NatsBus) {
  const heard: string[] = [];
  bus.subscribe('desired', ({ clusters }) => void heard.push(clusters?.join() ?? 'all'), {
    lost: () => void heard.push('lost'),
  });
  return {
    async hears(from: NatsBus, name: string): Promise<string> {
      const before = heard.length;
      await from.publish('desired', { clusters: [name as ClusterName] });
      return until(async () => heard.slice(before).find((word) => word === name || word === 'lost') ?? false, {
        what: `${name} to be heard`,
        timeoutMs: 60_000,
        pollMs: 20,
      });
    },
  };
}

// A stream of its own: one that has just got more copies cannot lose the first one before they are whole.
const grown = { stream: 'GROWN', prefix: 'grown' };

interface StreamPage {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly config?: { readonly num_replicas: number };
      readonly cluster?: { readonly leader?: string };
    }[];
  }[];
}

/** The stream that begins with one copy, as one server has it. */
async function streamAt(server: NatsServer) {
  const page = (await server.monitor('/jsz?streams=true&config=true')) as StreamPage;
  return page.account_details?.[0]?.stream_detail?.find(({ name }) => name === grown.stream);
}

test('a bus of one copy is kept by three servers when it is told so, and stays so where nothing is told', async () => {
  await open(undefined, grown);
  const [first] = cluster.servers;
  const copies = async (): Promise<number> =>
    (await Promise.all(cluster.servers.map(streamAt))).filter((stream) => stream !== undefined).length;
  expect(await copies()).toBe(1);
  await open(3, grown);
  await until(async () => (await copies()) === 3, { what: 'three copies', timeoutMs: 30_000, pollMs: 50 });
  await open(undefined, grown);
  expect((await streamAt(first as NatsServer))?.config?.num_replicas).toBe(3);
});

test(
  'it goes on when any one of three servers is killed, the leader too, and when that one is back',
  async () => {
    const [here, there] = [await open(3), await open(3)];
    const heard = ear(there);
    expect(await heard.hears(here, 'before')).toBe('before');
    for (const [n, server] of cluster.servers.entries()) {
      await server.down();
      await heard.hears(here, `without-n${n}`);
      await heard.hears(there, `without-n${n}-again`);
      await server.up();
      await heard.hears(here, `with-n${n}`);
      expect(await heard.hears(here, `calm-${n}`)).toMatch(new RegExp(`^(calm-${n}|lost)$`));
    }
  },
  electionsMs,
);
