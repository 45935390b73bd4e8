import { FairleadError } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { assignment, digestOf, hub, joined, planned, shop } from './harness.ts';

test('a desired state whose doorbell was lost is given out when the bus says so', async () => {
  const at = await hub();
  const agent = await joined(at);
  await at.store.write(planned({ epoch: 1, generation: 1 }, [assignment('web/shop', digestOf('bundle'), 1)]));
  at.bus.lose();
  expect((await agent.next('Desired')).entries).toHaveLength(1);
});

test('a member that left while doorbells were lost loses its stream, and the others stay', async () => {
  const at = await hub();
  const agents = await Promise.all(
    Array.from({ length: 200 }, (_, n) => joined(at, n === 0 ? shop : (`other-${n}` as typeof shop))),
  );
  at.ledger.delete(shop);
  at.bus.lose();
  await agents[0]?.connection.closed;
  await at.bus.settled();
  expect(await at.store.counts()).toMatchObject({ connected: 199 });
});

test('where the store fails just then, the next beat looks again', async () => {
  const at = await hub();
  const agent = await joined(at);
  const get = at.ledger.get.bind(at.ledger);
  const asked = Promise.withResolvers<void>();
  at.ledger.get = () => {
    asked.resolve();
    throw new FairleadError('away', { code: 'Unavailable', reason: 'InternalError' });
  };
  at.ledger.delete(shop);
  at.bus.lose();
  await asked.promise;
  await expect.poll(() => at.errors).toMatchObject([{ message: 'away' }]);
  at.ledger.get = get;
  await at.gateway.beaten(false);
  await agent.connection.closed;
  expect(await at.store.cluster(shop)).toMatchObject({ connected: false });
});
