import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeys } from '@fairlead/adapters/pki';
import { FairleadError, type ApplicationId, type ClusterName, type Digest } from '@fairlead/core/model';
import { memoryBus } from '@fairlead/ports/bus';
import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { createHttp } from '@fairlead/roles/http';
import { routes } from '@fairlead/wire/rest';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { apiModule, type Actions } from './index.ts';

const kept = memoryStore();
const store: typeof kept = {
  ...kept,
  events: async (query) => {
    if (journal) throw journal;
    return kept.events(query);
  },
};
const bus = memoryBus();
let folder: string;
let address: { port: number };
let ca: string;
let close: () => Promise<void>;
let fleetIsRead: (head: string | undefined) => void = () => undefined;
const onFleet = (listener: typeof fleetIsRead) => {
  fleetIsRead = listener;
  return () => undefined;
};
let trouble: FairleadError | undefined;
/** Set: reading the journal fails with it. */
let journal: Error | undefined;

/** What happens on each stream every 20 s. */
let idle: () => void = () => undefined;
beforeAll(async () => {
  const timers = vi.spyOn(globalThis, 'setInterval');
  folder = await mkdtemp(join(tmpdir(), 'fairlead-api-'));
  const keys = await openKeys(folder, { names: ['127.0.0.1', 'localhost'], now: () => Date.now() });
  const server = await keys.server();
  const refuse = async (): Promise<never> => {
    throw new FairleadError('Cannot promote: there is nothing.', {
      code: 'FailedPrecondition',
      reason: 'NoCandidate',
      subject: { file: 'a.yaml', line: 3 },
    });
  };
  const names = [
    'createJoin',
    'removeCluster',
    'promote',
    'approve',
    'rollback',
    'resume',
    'hold',
    'freeze',
    'thaw',
    'acknowledge',
  ] as const;
  const actions = Object.fromEntries(names.map((name) => [name, refuse])) as unknown as Actions;
  const ports = {
    store,
    clock: manualClock(),
    repository: 'https://git.example.com/fleet',
    fleet: () => undefined,
    troubles: async () => [],
    connection: () => 'Never' as const,
    source: async () => undefined,
    bus,
    compare: () => Promise.reject(new Error('nothing was promoted here')),
    previews: {
      of: async () => ({
        release: { digest: `sha256:${'1'.repeat(64)}` as Digest, version: '1.0.0' },
        clusters: ['edge' as ClusterName],
        bundles: async () => new Map(),
      }),
    },
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const app = await createHttp({
    modules: [apiModule({ ports, actions, bus, readiness: () => trouble, onFleet })],
    authenticate: (token) => (token === 'right' ? { name: 'ada' } : undefined),
    log,
    tls: { certPem: server.certificatePem, keyPem: server.keyPem },
    callsPerMinute: 10_000,
  });
  const beat = timers.mock.calls.find(([, ms]) => ms === 20_000)?.[0];
  timers.mockRestore();
  idle = beat as typeof idle;
  await app.listen(0, '127.0.0.1');
  address = (app.getHttpServer() as { address(): { port: number } }).address();
  ca = keys.caPem;
  close = () => app.close();
});

afterAll(async () => {
  await close();
  await rm(folder, { recursive: true });
});

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown>;
}

function call(method: string, path: string, options: { token?: string; body?: unknown } = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const out = request({ host: '127.0.0.1', port: address.port, method, path, ca, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => void (text += chunk.toString()));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          type: (answer.headers['content-type'] ?? '').split(';', 1)[0] ?? '',
          body: JSON.parse(text) as Record<string, unknown>,
        }),
      );
    });
    out.on('error', reject);
    out.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  });
}

test.each(Object.entries(routes))('%s answers nothing without a token', async (_name, route) => {
  const answer = await call(route.method, route.path.replaceAll(/\{\w+\}/g, 'x'));
  expect(answer).toMatchObject({
    status: 401,
    type: 'application/problem+json',
    body: { code: 'Unauthenticated', reason: 'CredentialsMissing' },
  });
});

test('a wrong token is refused, and not repeated in the answer', async () => {
  const answer = await call('GET', '/api/v1/fleet', { token: 'wrong-one' });
  expect(answer.status).toBe(401);
  expect(JSON.stringify(answer.body)).not.toContain('wrong-one');
});

test('a list answers as the table says, and refuses what it does not take, naming the field', async () => {
  const answer = await call('GET', '/api/v1/clusters?limit=5', { token: 'right' });
  expect(routes.listClusters.answer.parse(answer.body)).toEqual({ items: [] });
  const refused = await call('GET', '/api/v1/clusters?limit=0', { token: 'right' });
  expect(refused).toMatchObject({ status: 400, body: { reason: 'InvalidArgument', field: 'limit' } });
  const selector = await call('GET', '/api/v1/clusters?labels=a%20b', { token: 'right' });
  expect(selector).toMatchObject({ status: 400, body: { field: 'labels' } });
});

test('a question about a cluster says why it cannot be asked, and an object that is no name is refused', async () => {
  const at = '/api/v1/clusters/edge/applications/web/shop';
  const tree = await call('GET', `${at}/tree`, { token: 'right' });
  expect(tree).toMatchObject({ status: 404, body: { reason: 'NotAMember' } });
  const odd = await call('GET', `${at}/object?object=pod`, { token: 'right' });
  expect(odd).toMatchObject({ status: 400, body: { field: 'object' } });
  // An agent would end its stream over a name that it cannot read.
  const strange = await call('GET', '/api/v1/clusters/edge/applications/we%2Fb/shop/tree', { token: 'right' });
  expect(strange).toMatchObject({ status: 400, body: { field: 'team' } });
  const none = await call('GET', `${at}/object`, { token: 'right' });
  expect(none).toMatchObject({ status: 400, body: { field: 'object' } });
});

test('a plan holds every cluster: whoever cannot be asked is a problem of its own', async () => {
  const body = { application: 'web/shop', environment: 'prod' };
  const plan = await call('POST', '/api/v1/plans', { token: 'right', body });
  expect(routes.createPlan.answer.parse(plan.body)).toMatchObject({
    version: '1.0.0',
    clusters: 1,
    groups: [],
    problems: [{ cluster: 'edge', reason: 'RenderFailed' }],
  });
  const other = await call('POST', '/api/v1/plans', { token: 'right', body: { ...body, cluster: 'nobody' } });
  expect(other).toMatchObject({ status: 404 });
});

test.each([
  [
    'placements?sync=insync',
    'sync',
    'Held, Assigned, Applying, InSync, OutOfSync or Failed: current value is "insync"',
  ],
  [
    'placements?health=',
    'health',
    'Healthy, Progressing, Degraded, Suspended, Missing or Unknown: current value is ""',
  ],
  ['placements?drift=None&drift=Present', 'drift', 'current value is ["None","Present"]'],
  ['clusters?connection=Gone', 'connection', 'Connected, Silent, Lost or Never: current value is "Gone"'],
])('%s is refused with the field and the words that it takes', async (path, field, detail) => {
  const answer = await call('GET', `/api/v1/${path}`, { token: 'right' });
  expect(answer).toMatchObject({ status: 400, body: { reason: 'InvalidArgument', field } });
  expect(answer.body['detail']).toContain(detail);
});

test('a refusal carries reason, file and line', async () => {
  const answer = await call('POST', '/api/v1/promotions', {
    token: 'right',
    body: { application: 'web/shop', environment: 'dev' },
  });
  expect(answer).toMatchObject({
    status: 412,
    type: 'application/problem+json',
    body: { reason: 'NoCandidate', file: 'a.yaml', line: 3, detail: 'Cannot promote: there is nothing.' },
  });
});

test('what is not there is a problem too', async () => {
  expect(await call('GET', '/api/v1/clusters/none', { token: 'right' })).toMatchObject({
    status: 404,
    body: { reason: 'NotAMember' },
  });
  expect(await call('GET', '/nothing', { token: 'right' })).toMatchObject({
    status: 404,
    body: { reason: 'NotFound' },
  });
});

test('health is open, the document of the API is not', async () => {
  expect(await call('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect((await call('GET', '/openapi.json')).status).toBe(401);
  expect((await call('GET', '/openapi.json', { token: 'right' })).body['openapi']).toBe('3.1.0');
});

test('readiness tells everybody what keeps the hub, but not words that are not its own', async () => {
  const own = { code: 'Unavailable', reason: 'SourceUnavailable' } as const;
  trouble = new FairleadError('Cannot reach https://git.example.com/fleet.', own);
  expect(await call('GET', '/readyz')).toMatchObject({
    status: 503,
    body: { reason: 'SourceUnavailable', detail: 'Cannot reach https://git.example.com/fleet.' },
  });
  trouble = new FairleadError('EACCES /home/ada', { code: 'Internal', reason: 'InternalError' });
  const answer = await call('GET', '/readyz');
  expect(answer.status).toBe(503);
  expect(JSON.stringify(answer.body)).not.toContain('/home/ada');
  trouble = undefined;
  expect((await call('GET', '/readyz')).status).toBe(200);
});

test.each(['events', 'drift'])('a cursor of another list is refused by %s, naming the field', async (list) => {
  const cursor = Buffer.from('shop-1/web').toString('base64url');
  expect(await call('GET', `/api/v1/${list}?cursor=${cursor}`, { token: 'right' })).toMatchObject({
    status: 400,
    body: { reason: 'InvalidArgument', field: 'cursor' },
  });
});

test('the watch goes on where a client left, and sends what is written from then on', async () => {
  const event = (message: string) => ({
    put: 'event' as const,
    row: { atMs: 1, type: 'Test', reason: 'Current' as const, message },
  });
  await store.write([event('one'), event('two')]);
  const [first] = await store.events({ limit: 1 });
  const seen = new Promise<string[]>((resolve, reject) => {
    const headers = { authorization: 'Bearer right', 'last-event-id': String(first?.id) };
    const out = request({ host: '127.0.0.1', port: address.port, path: '/api/v1/watch', ca, headers }, (answer) => {
      let text = '';
      let rung = false;
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const messages = [...text.matchAll(/"message":"(\w+)"/g)].map(([, message]) => message ?? '');
        if (messages.length === 1 && !rung) {
          rung = true;
          store.write([event('three')]).then(() => bus.publish('events', {}), reject);
        }
        if (messages.length === 2) {
          resolve(messages);
          out.destroy();
        }
      });
    });
    out.on('error', reject);
    out.end();
  });
  expect(await seen).toEqual(['two', 'three']);
});

test.each([
  ['a number that the journal has not reached yet', '999999'],
  ['no number', 'x'],
])('a watch that names %s goes on from the end of the journal', async (_name, lastEventId) => {
  const row = { atMs: 1, type: 'Test', reason: 'Current' as const, message: 'later' };
  const seen = new Promise<string>((resolve, reject) => {
    const headers = { authorization: 'Bearer right', 'last-event-id': lastEventId };
    const out = request({ host: '127.0.0.1', port: address.port, path: '/api/v1/watch', ca, headers }, (answer) => {
      let text = '';
      store.write([{ put: 'event', row }]).then(() => bus.publish('events', {}), reject);
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const message = /"message":"(\w+)"/.exec(text)?.[1];
        if (message === undefined) return;
        resolve(message);
        out.destroy();
      });
    });
    out.on('error', reject);
    out.end();
  });
  expect(await seen).toBe('later');
});

test('a watch says what was decided about, and at which commit the fleet was read, at once', async () => {
  const seen = new Promise<string>((resolve, reject) => {
    const headers = { authorization: 'Bearer right' };
    const out = request({ host: '127.0.0.1', port: address.port, path: '/api/v1/watch', ca, headers }, (answer) => {
      let text = '';
      answer.once('data', () => {
        bus.publish('decided', { applications: ['web/shop' as ApplicationId] }).then(() => fleetIsRead('c1'), reject);
      });
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (!text.includes('{"head":')) return;
        resolve(text);
        out.destroy();
      });
    });
    out.on('error', reject);
    out.end();
  });
  expect(await seen).toContain(
    'event: Decided\ndata: {"applications":["web/shop"]}\n\nevent: Fleet\ndata: {"head":"c1"}\n\n',
  );
});

test('a watch on which nothing happens says that it is there', async () => {
  const seen = new Promise<string>((resolve, reject) => {
    const headers = { authorization: 'Bearer right' };
    const out = request({ host: '127.0.0.1', port: address.port, path: '/api/v1/watch', ca, headers }, (answer) => {
      answer.once('data', () => {
        answer.once('data', (chunk: Buffer) => {
          resolve(chunk.toString());
          out.destroy();
        });
        idle();
      });
    });
    out.on('error', reject);
    out.end();
  });
  expect(await seen).toBe(':\n\n');
});

test('whose token it is, is told to them', async () => {
  expect((await call('GET', '/api/v1/me', { token: 'right' })).body).toEqual({ name: 'ada' });
});

test('a journal that cannot be read ends the watch and not the hub', async () => {
  const ended = new Promise<void>((resolve, reject) => {
    const headers = { authorization: 'Bearer right' };
    const out = request({ host: '127.0.0.1', port: address.port, path: '/api/v1/watch', ca, headers }, (answer) => {
      answer.once('data', () => {
        journal = new Error('the disk is gone');
        bus.publish('events', {}).catch(reject);
      });
      answer.on('close', () => resolve());
      answer.on('error', () => resolve());
    });
    out.on('error', () => resolve());
    out.end();
  });
  await ended;
  journal = undefined;
  expect((await call('GET', '/healthz')).status).toBe(200);
});
