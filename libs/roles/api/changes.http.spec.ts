import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitSourceAdapter, openGitRepository } from '@fairlead/adapters/git';
import { openKeys } from '@fairlead/adapters/pki';
import { treeDigest } from '@fairlead/core/bundle';
import { memoryBus } from '@fairlead/ports/bus';
import { systemClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { createHttp } from '@fairlead/roles/http';
import { startRelay } from '@fairlead/shell/outbox';
import { readFleetRepository } from '@fairlead/shell/planner';
import { askRendering, keepFiles, makeBundles, renderHere, serveRendering } from '@fairlead/shell/sources';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { routes, type Answer } from '@fairlead/wire/rest';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { apiModule, type Actions } from './index.ts';

const credentials = { username: 'hub', password: 'let me in' };
const closers: (() => unknown)[] = [];
let git: GitServer;
let url: string;
let refresh: () => Promise<unknown>;
let call: (path: string) => Promise<{ status: number; body: Record<string, unknown> }>;

beforeAll(async () => {
  git = await startGitServer({ auth: credentials });
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-changes-api-'));
  const at = { branch: 'main', folder: join(folder, 'fleet'), credentials: async () => credentials };
  const repository = await openGitRepository({ url: await git.createRepository('fleet'), ...at });
  url = await git.createRepository('shop');
  const adapter = gitSourceAdapter({ folder: join(folder, 'sources') });
  closers.push(
    () => repository.close(),
    () => adapter.close(),
    () => git.stop(),
    () => rm(folder, { recursive: true, force: true }),
  );
  const store = memoryStore();
  const reader = readFleetRepository({ repository, store }, { branch: 'fleet#main' });
  refresh = () => reader.refresh();
  const { compare, bus } = await startSources(store, adapter);
  const ports = {
    store,
    bus,
    clock: systemClock,
    repository: git.urlOf('fleet'),
    fleet: () => reader.current(),
    troubles: async () => [],
    connection: () => 'Never' as const,
    source: async () => undefined,
    previews: { of: () => Promise.reject(new Error('nothing is planned here')) },
    compare,
  };
  call = await serve(folder, ports);
});
afterAll(async () => {
  for (const close of closers) await close();
});

/** The sources role as it is apart: asked over store and bus. */
async function startSources(store: ReturnType<typeof memoryStore>, adapter: ReturnType<typeof gitSourceAdapter>) {
  const bus = memoryBus();
  const onError = (error: unknown): void => console.error(error);
  const relay = startRelay({ store, bus, onError });
  const access = { adapters: [adapter], treeDigest, credentials: async () => credentials };
  const files = keepFiles(access, { maxBytes: 1e6 });
  const patcher = { versions: async () => [], patch: async (text: string) => text };
  const bundles = makeBundles({ renderers: [], patcher, store, files });
  await store.beat({ instance: 'a', role: 'sources', ttlMs: 600_000 });
  const parts = { store, bus, clock: systemClock, onError };
  const rendering = renderHere({ files, bundles, access });
  const service = serveRendering(parts, { instance: 'a', live: () => ['a'], ownerOf: () => 'a', rendering });
  const asking = askRendering(parts);
  closers.unshift(
    () => asking.close(),
    () => service.close(),
    () => relay.stop(),
  );
  return { bus, compare: asking.changes };
}

/** The api over HTTPS; resolves to how it is called. */
async function serve(folder: string, ports: Parameters<typeof apiModule>[0]['ports']): Promise<typeof call> {
  const keys = await openKeys(folder, { names: ['127.0.0.1'], now: () => Date.now() });
  const server = await keys.server();
  const app = await createHttp({
    modules: [
      apiModule({
        ports,
        actions: {} as Actions,
        bus: memoryBus(),
        readiness: () => undefined,
        onFleet: () => () => undefined,
      }),
    ],
    authenticate: () => ({ name: 'ada' }),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    tls: { certPem: server.certificatePem, keyPem: server.keyPem },
    callsPerMinute: 10_000,
  });
  await app.listen(0, '127.0.0.1');
  closers.unshift(() => app.close());
  const { port } = (app.getHttpServer() as { address(): { port: number } }).address();
  const headers = { authorization: 'Bearer right' };
  return (path) =>
    new Promise((resolve, reject) => {
      const out = request({ host: '127.0.0.1', port, path, ca: keys.caPem, headers }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => void (text += chunk.toString()));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }),
        );
      });
      out.on('error', reject);
      out.end();
    });
}

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const listed = async (query: string): Promise<Answer<'listChanges'>> =>
  routes.listChanges.answer.parse((await call(`/api/v1/changes?${query}`)).body);

/** The definition of `shop`, by a commit of the fleet repository. */
async function define(sources: Record<string, unknown>): Promise<string> {
  const spec = { sources, pipeline: [{ environment: 'dev' }] };
  const document = { apiVersion: 'fairlead.dev/v1alpha1', kind: 'Application', metadata: { name: 'shop' }, spec };
  const fleet = { apiVersion: 'fairlead.dev/v1alpha1', kind: 'Fleet', metadata: { name: 'acme' } };
  const files = { 'fairlead.yaml': JSON.stringify(fleet), 'shop.yaml': JSON.stringify(document) };
  return git.commit('fleet', { files, message: 'Define shop', replaceAll: true });
}

let seconds = 1_790_000_000;
/** Writes the ledger file of `dev` by a commit, as a promotion does. */
async function name(
  message: string,
  release: { version: string; letter: string; commit: string; revisions: Record<string, string>; hold?: object },
): Promise<string> {
  const { version, letter, commit, revisions, ...more } = release;
  const sources = Object.entries(revisions).map(([key, revision]) => [key, { revision, digest: digest('f') }]);
  const file = {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'Release',
    metadata: { name: 'shop', team: 'default', environment: 'dev' },
    spec: {
      version,
      digest: digest(letter),
      definition: { repository: 'fleet', commit },
      sources: Object.fromEntries(sources) as object,
      renderer: { plain: '1' },
      ...more,
    },
  };
  seconds += 60;
  const files = { 'ledger/dev/default/shop.yaml': JSON.stringify(file) };
  return git.commit('fleet', { files, message, time: seconds });
}

const push = (file: string, text: string, message: string): Promise<string> =>
  git.commit('shop', { files: { [file]: text }, message });

let first: string;
let fix: string;
let last: string;
beforeEach(async () => {
  seconds += 60;
  first = await push('deploy/a', `1 ${seconds}`, 'First');
  fix = await push('deploy/a', `2 ${seconds}`, 'Ring the till once\n\nIt rang twice.');
  await push('src/x', `${seconds}`, 'Say hello');
  last = await push('deploy/b', `${seconds}`, 'Add b');
});

test('promotions and returns are told newest first, with the commits that came or were taken out', async () => {
  const commit = await define({ main: { git: { url, path: 'deploy' } } });
  const one = { version: '1.0.0', letter: 'a', commit, revisions: { main: first } };
  const two = { version: '1.1.0', letter: 'b', commit, revisions: { main: last } };
  const promoted = await name('Promote default/shop 1.0.0 to dev', one);
  await name('Hold default/shop in dev', { ...one, hold: { by: 'ada', reason: 'sale' } });
  await name('Promote default/shop 1.1.0 to dev', two);
  const returned = await name('Rollback default/shop in dev from 1.1.0 to 1.0.0', one);
  await refresh();
  const { items } = await listed('application=default/shop&environment=dev');
  const commits = [
    { commit: last, subject: 'Add b', author: { name: 'Ada', email: 'ada@example.com' }, timeMs: expect.any(Number) },
    { commit: fix, subject: 'Ring the till once' },
  ];
  const source = { name: 'main', url, more: false };
  expect(items).toMatchObject([
    {
      commit: returned,
      action: 'Rollback',
      version: '1.0.0',
      release: digest('a'),
      before: { version: '1.1.0', release: digest('b'), definition: commit },
      sources: [{ ...source, from: last, to: first, commits, reached: false, back: true }],
    },
    {
      environment: 'dev',
      application: 'default/shop',
      action: 'Promote',
      author: 'Ada',
      version: '1.1.0',
      before: { version: '1.0.0', release: digest('a') },
      sources: [{ ...source, from: first, to: last, commits, reached: true, back: false }],
    },
    { commit: promoted, action: 'Promote', sources: [{ ...source, to: first, commits: [] }] },
  ]);
  expect(items[2]).not.toHaveProperty('before');
  expect(JSON.stringify(items)).not.toContain(credentials.password);
});

test('a page goes on where the one before ended, and only few promotions are told at once', async () => {
  const { items } = await listed('limit=20');
  const { items: newest, next = '' } = await listed('limit=1');
  const rest = await listed(`limit=20&cursor=${next}`);
  expect([...newest, ...rest.items]).toEqual(items);
  expect(await listed('environment=prod')).toEqual({ items: [] });
  expect(await call('/api/v1/changes?limit=21')).toMatchObject({ status: 400, body: { field: 'limit' } });
});

test('a source whose history cannot be read tells its problem, and the others stay', async () => {
  const none = git.urlOf('none');
  const commit = await define({
    main: { git: { url, path: 'deploy' } },
    other: { git: { url: none, path: '.' } },
    chart: { helm: { repository: 'https://charts.example.com', chart: 'shop' } },
  });
  const lost = '1'.repeat(40);
  const revisions = { main: first, other: first, chart: '1.0.0', removed: first, same: first };
  const one = { version: '2.0.0', letter: 'c', commit, revisions };
  const two = { version: '2.1.0', letter: 'd', commit };
  await name('Promote default/shop 2.0.0 to dev', one);
  const now = { main: last, other: last, chart: '1.1.0', removed: last, same: first, added: lost };
  await name('Promote default/shop 2.1.0 to dev', { ...two, revisions: now });
  await name('Promote default/shop 2.2.0 to dev', { ...two, letter: 'e', revisions: { main: lost } });
  await refresh();
  const { items } = await listed('limit=2');
  const [gone, came] = items.map(({ sources }) => Object.fromEntries(sources.map((source) => [source.name, source])));
  expect(came?.['main']).toMatchObject({ reached: true, commits: [{ commit: last }, { commit: fix }] });
  expect(came?.['main']).not.toHaveProperty('problem');
  expect(came?.['other']).toMatchObject({ url: none, commits: [], problem: { reason: 'SourceNotFound' } });
  expect(came?.['chart']).toMatchObject({ problem: { reason: 'SourceUnsupported' } });
  expect(came?.['removed']).toMatchObject({ problem: { reason: 'SourceNotFound' } });
  expect(came?.['removed']).not.toHaveProperty('url');
  expect(came?.['same']).toMatchObject({ commits: [], reached: true });
  expect(came?.['added']).toMatchObject({ to: lost, commits: [] });
  expect(gone?.['main']).toMatchObject({ problem: { reason: 'RevisionGone' } });
  expect(gone?.['other']).toMatchObject({ from: last, commits: [] });
});

test('a git server that is away is a problem of each source, and is asked again later', async () => {
  const commit = await define({ main: { git: { url, path: 'deploy' } } });
  const one = { version: '3.0.0', letter: '0', commit, revisions: { main: first } };
  await name('Promote default/shop 3.0.0 to dev', one);
  await name('Promote default/shop 3.1.0 to dev', { ...one, letter: '1', revisions: { main: fix } });
  await refresh();
  git.faults.down = true;
  const { items } = await listed('limit=1');
  git.faults.down = false;
  expect(items[0]?.sources[0]).toMatchObject({ commits: [], problem: { reason: 'SourceUnavailable' } });
  expect((await listed('limit=1')).items[0]?.sources[0]).toMatchObject({ reached: true, commits: [{ commit: fix }] });
});
