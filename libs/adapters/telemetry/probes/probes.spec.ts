import { FairleadError } from '@fairlead/core/model';
import { manualClock, systemClock } from '@fairlead/ports/clock';
import { afterEach, expect, test } from 'vitest';
import { serveProbes, type ProbeParts, type ProbeServer } from '../index.ts';

let server: ProbeServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serve(parts: Partial<ProbeParts>): Promise<(path: string) => Promise<{ status: number; text: string }>> {
  const clock = systemClock;
  const nothing = { loops: () => [], checks: [], metricsText: async () => '' };
  const { address } = (server = await serveProbes({ host: '127.0.0.1', port: 0 }, { clock, ...nothing, ...parts }));
  return async (path) => {
    const answer = await fetch(`http://${address}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
}

test('a process whose loops work is alive, and one with a loop that stands is not', async () => {
  let state = 'Working';
  const get = await serve({ loops: () => [{ name: 'planner', state, waitedMs: 61_400 }] });
  expect((await get('/healthz')).status).toBe(200);
  state = 'Stalled';
  const { status, text } = await get('/healthz');
  expect(status).toBe(503);
  expect(JSON.parse(text)).toEqual({
    status: 'stalled',
    loops: [{ name: 'planner', state: 'Stalled', waitedSeconds: 61 }],
  });
});

test('a process is ready when everything that it needs is there, and says what is not', async () => {
  const problems: FairleadError[] = [];
  const get = await serve({
    checks: [
      { name: 'store', problem: () => undefined },
      { name: 'bus', problem: async () => problems[0] },
    ],
  });
  expect(JSON.parse((await get('/readyz')).text)).toEqual({ status: 'ok', checks: { store: 'ok', bus: 'ok' } });
  problems.push(
    new FairleadError('Cannot reach NATS at nats:4222.', { code: 'Unavailable', reason: 'HubUnreachable' }),
  );
  const { status, text } = await get('/readyz');
  expect(status).toBe(503);
  expect(JSON.parse(text)).toMatchObject({
    status: 'unready',
    checks: { bus: 'HubUnreachable: Cannot reach NATS at nats:4222.' },
  });
});

test('what a process can do without is shown, and does not make it unready', async () => {
  const away = new FairleadError('Cannot reach NATS.', { code: 'Unavailable', reason: 'HubUnreachable' });
  const get = await serve({ checks: [{ name: 'bus', optional: true, problem: () => away }] });
  const { status, text } = await get('/readyz');
  expect(status).toBe(200);
  expect(JSON.parse(text)).toEqual({ status: 'ok', checks: { bus: 'HubUnreachable: Cannot reach NATS.' } });
});

test('what fails inside keeps its words to itself', async () => {
  const get = await serve({
    checks: [{ name: 'store', problem: () => Promise.reject(new Error('connect as user root with hunter2')) }],
  });
  expect(JSON.parse((await get('/readyz')).text)).toEqual({ status: 'unready', checks: { store: 'InternalError' } });
});

test('a check without an answer is none that passed', async () => {
  const clock = manualClock();
  const asked = Promise.withResolvers<void>();
  const get = await serve({
    clock,
    checks: [
      {
        name: 'store',
        problem() {
          asked.resolve();
          return new Promise(() => undefined);
        },
      },
    ],
  });
  const answer = get('/readyz');
  await asked.promise;
  clock.advance(2_000);
  expect(await answer).toMatchObject({ status: 503, text: expect.stringContaining('no answer in 2 s') as string });
});

test('metrics come as Prometheus asks for them, and nothing else is there', async () => {
  const get = await serve({ metricsText: async () => 'a 1\n' });
  expect(await get('/metrics')).toEqual({ status: 200, text: 'a 1\n' });
  expect((await get('/debug')).status).toBe(404);
});

test('a port that is taken is named, and the flag with it', async () => {
  await serve({});
  const port = Number(server?.address.split(':').at(-1));
  const parts = { clock: systemClock, loops: () => [], checks: [], metricsText: async () => '' };
  await expect(serveProbes({ host: '127.0.0.1', port }, parts)).rejects.toMatchObject({
    message: expect.stringContaining('--metrics') as string,
  });
});
