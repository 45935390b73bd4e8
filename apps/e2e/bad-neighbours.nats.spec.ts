import type { ClusterName } from '@fairlead/core/model';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mostGrowthBytes, startNeighbourhood, undisturbed, type Neighbourhood } from './neighbours.ts';

const permissions = /[Pp]ermissions? [Vv]iolation/;
let street: Neighbourhood;
let connection: NatsConnection;
let cluster: ClusterName;
let other: ClusterName;

beforeAll(async () => {
  street = await startNeighbourhood('nats');
  [cluster, other] = [street.bad[0], street.scene.agents[0]?.cluster] as [ClusterName, ClusterName];
  const { jwt = '', seed = '' } = street.identity(cluster).nats ?? {};
  const authenticator = jwtAuthenticator(jwt, new TextEncoder().encode(seed));
  connection = await connect({ servers: street.scene.dial.address, authenticator });
});
afterAll(async () => {
  await connection?.close();
  await street?.stop();
});

/** As much as the broker takes, until it is told to stop; resolves with how many messages there were. */
function flood(bytes: Uint8Array): { stop(): Promise<number> } {
  const over = new AbortController();
  let sent = 0;
  const own = `fairlead.v1.agent.${cluster}`;
  const running = (async () => {
    while (!over.signal.aborted) {
      for (let n = 0; n < 100; n += 1) connection.publish(`${own}.up.${n}`, bytes);
      connection.publish(`${own}.connect`, bytes, { reply: `${own}.down.none` });
      sent += 101;
      await connection.flush();
    }
  })();
  return {
    async stop() {
      over.abort();
      await running;
      return sent;
    },
  };
}

test('one that floods its own subjects with nonsense holds up nobody', async () => {
  const before = await street.memory();
  const flooding = flood(new Uint8Array(500).fill(0xff));
  for (let round = 0; round < 3; round += 1) expect(await street.release()).toEqual(undisturbed);
  expect(await flooding.stop()).toBeGreaterThan(1_000);
  expect((await street.memory()) - before).toBeLessThan(mostGrowthBytes);
  expect(await street.release()).toEqual(undisturbed);
});

test('one that speaks or listens on the subjects of another is told so by the broker, and the other hears nothing', async () => {
  const violations: string[] = [];
  const all = Promise.withResolvers<void>();
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type !== 'error' || !permissions.test(String(status.error))) continue;
      violations.push(String(status.error));
      if (violations.length === 4) all.resolve();
    }
  })();
  const theirs = `fairlead.v1.agent.${other}`;
  connection.publish(`${theirs}.connect`, new Uint8Array(8), { reply: `fairlead.v1.agent.${cluster}.down.x` });
  connection.publish(`${theirs}.up.x`, new Uint8Array(8));
  for (const subject of [`${theirs}.down.*`, 'fairlead.v1.agent.*.connect'])
    connection.subscribe(subject, { callback() {} });
  await connection.flush();
  await all.promise;
  expect(violations.filter((text) => text.includes(other))).toHaveLength(3);
  expect(await street.release()).toEqual(undisturbed);
});
