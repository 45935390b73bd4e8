import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  applyInstall,
  createCli,
  fleetFixture,
  hubFile,
  startAgent,
  type Cli,
  type Fleet,
} from '@fairlead/testkit/fleet';
import { startControlPlane, until, type ControlPlane } from '@fairlead/testkit/kube';
import { configMap, documents, manifests } from './documents.ts';
import { entryText, isOfApplications, markAudit, untilPlacement, type AuditMark } from './observe.ts';

const application = 'default/shop';
const kept = configMap('settings', { greeting: 'hello' });
const extra = configMap('extra', {});
const good = { fleet: '', shop: manifests(kept, extra) };

let fleet: Fleet;
let plane: ControlPlane;
let other: ControlPlane;
let cli: Cli;
let mark: AuditMark;

const environment = (name: string, label: string): object => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'Environment',
  metadata: { name },
  spec: { clusters: { matchLabels: { env: label } } },
});

/** Written by hand, for the line numbers. */
function shopDocument(gitUrl: string): string {
  return `apiVersion: fairlead.dev/v1alpha1
kind: Application
metadata: { name: shop }
spec:
  source:
    git: { url: "${gitUrl}/shop.git", path: deploy }
  namespace: shop
  pipeline:
    - environment: dev
`;
}

beforeAll(async () => {
  const starting = startControlPlane({ name: 'other' });
  fleet = await fleetFixture({
    clusters: [{ name: 'edge', labels: { env: 'dev' } }],
    repositories: {
      shop: () => ({ 'deploy/all.yaml': good.shop }),
      fleet: (gitUrl) => ({
        'fairlead.yaml': documents({ kind: 'Fleet', name: 'bad-input' }),
        'dev.yaml': JSON.stringify(environment('dev', 'dev')),
        'shop.yaml': shopDocument(gitUrl),
      }),
    },
  });
  other = await starting;
  ({ plane } = fleet.member('edge'));
  good.fleet = shopDocument(fleet.git.url);
  const home = join(fleet.folder, 'user');
  await mkdir(home);
  cli = createCli(home, {
    FAIRLEAD_SERVER: fleet.hub.api,
    FAIRLEAD_TOKEN: (await readFile(hubFile(fleet.hub, 'admin-token'), 'utf8')).trim(),
    FAIRLEAD_CA: hubFile(fleet.hub, 'ca.pem'),
  });
  await untilWell();
  mark = await markAudit(plane);
});
afterAll(async () => {
  await fleet?.stop();
  await other?.stop();
});

async function untilWell(): Promise<void> {
  await untilPlacement(fleet, {
    cluster: 'edge',
    application,
    what: 'in sync and healthy',
    is: ({ sync, health }) => sync === 'InSync' && health === 'Healthy',
  });
  await until(async () => (await everythingTold()).every(({ reason }) => !bad.has(reason)), {
    what: 'the hub to have nothing bad to tell',
  });
}

/** Whatever the status API says with a reason, anywhere. */
interface Told {
  readonly reason: string;
  readonly message: string;
  readonly text: string;
}

function toldIn(value: unknown): Told[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(toldIn);
  const { reason, message } = value as { reason?: unknown; message?: unknown };
  if (typeof reason !== 'string' || typeof message !== 'string') return inside;
  return [{ reason, message, text: JSON.stringify(value) }, ...inside];
}

async function everythingTold(): Promise<Told[]> {
  const { client } = fleet.hub;
  const query = { application };
  return toldIn([
    await client.call('getFleet'),
    await client.call('getApplication', { path: { team: 'default', name: 'shop' } }).catch(() => undefined),
    await client.call('listEnvironments'),
    await client.call('listRollouts', { query }),
    await client.call('listPlacements', { query }),
  ]);
}

/** What is pushed, and what is told of it. */
interface Case {
  readonly what: string;
  readonly repository: 'fleet' | 'shop';
  readonly files: (gitUrl: string) => Record<string, string>;
  readonly undo: () => Record<string, string | null>;
  readonly reason: string;
  /** Each is found in what the API tells with that reason. */
  readonly names: readonly string[];
}

const cases: readonly Case[] = [
  {
    what: 'a broken document',
    repository: 'fleet',
    files: (gitUrl) => ({ 'shop.yaml': shopDocument(gitUrl).replace('kind: Application', 'kind: [Application') }),
    undo: () => ({ 'shop.yaml': good.fleet }),
    reason: 'InvalidDocument',
    names: ['"file":"shop.yaml"', '"line":'],
  },
  {
    what: 'an unknown field',
    repository: 'fleet',
    files: (gitUrl) => ({ 'shop.yaml': shopDocument(gitUrl).replace('  pipeline:', '  pipelines:') }),
    undo: () => ({ 'shop.yaml': good.fleet }),
    reason: 'InvalidDocument',
    names: ['"file":"shop.yaml"', '"line":8', 'pipelines'],
  },
  {
    what: 'a selector that suddenly matches nothing',
    repository: 'fleet',
    files: () => ({ 'dev.yaml': JSON.stringify(environment('dev', 'nowhere')) }),
    undo: () => ({ 'dev.yaml': JSON.stringify(environment('dev', 'dev')) }),
    reason: 'SelectorMatchesNothing',
    names: ['dev'],
  },
  {
    what: 'an empty render',
    repository: 'shop',
    files: () => ({ 'deploy/all.yaml': '# nothing is left\n' }),
    undo: () => ({ 'deploy/all.yaml': good.shop }),
    reason: 'RenderEmpty',
    names: ['default/shop'],
  },
  {
    what: 'a render that fails',
    repository: 'shop',
    files: () => ({ 'deploy/kustomization.yaml': 'resources: [missing.yaml]\n' }),
    undo: () => ({ 'deploy/kustomization.yaml': null }),
    reason: 'RenderFailed',
    names: ['missing.yaml'],
  },
  {
    what: 'a manifest with a key twice',
    repository: 'shop',
    files: () => ({
      'deploy/all.yaml': `${good.shop}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: doubled }\ndata:\n  a: "1"\n  a: "2"\n`,
    }),
    undo: () => ({ 'deploy/all.yaml': good.shop }),
    reason: 'InvalidManifest',
    names: ['deploy/all.yaml', 'duplicated mapping key'],
  },
  {
    what: 'two objects of one name',
    repository: 'shop',
    files: () => ({ 'deploy/all.yaml': manifests(kept, extra, configMap('extra', { again: 'yes' })) }),
    undo: () => ({ 'deploy/all.yaml': good.shop }),
    reason: 'DuplicateObject',
    names: ['/ConfigMap//extra'],
  },
  {
    what: 'a way to apply that nobody knows',
    repository: 'shop',
    files: () => ({
      'deploy/all.yaml': manifests(kept, {
        ...extra,
        metadata: { name: 'extra', annotations: { 'fairlead.dev/apply': 'createOnly' } },
      }),
    }),
    undo: () => ({ 'deploy/all.yaml': good.shop }),
    reason: 'InvalidManifest',
    names: ['ConfigMap/extra', 'fairlead.dev/apply', 'CreateOnly, Ignore, Recreate'],
  },
  {
    what: 'a manifest that the API server refuses',
    repository: 'shop',
    files: () => ({
      'deploy/all.yaml': manifests(kept, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'wrong' },
        spec: { ports: [{ port: 99_999 }] },
      }),
    }),
    undo: () => ({ 'deploy/all.yaml': good.shop }),
    reason: 'ApplyFailed',
    names: ['Service', 'wrong', '99999'],
  },
];
const bad = new Set([...cases.map(({ reason }) => reason), 'SourceNotFound']);

async function untilTold(reason: string, names: readonly string[]): Promise<Told> {
  return until(
    async () => {
      const told = await everythingTold();
      const found = told.find((one) => one.reason === reason && names.every((name) => one.text.includes(name)));
      if (found) return found;
      throw new Error(JSON.stringify(told.filter((one) => bad.has(one.reason))));
    },
    { what: `the hub to tell ${reason} and name ${names.join(', ')}`, timeoutMs: 60_000, pollMs: 100 },
  );
}

/** The last good state stays, and nothing was deleted. */
async function expectUnharmed(): Promise<void> {
  const base = '/api/v1/namespaces/shop/configmaps';
  expect((await plane.api.get(`${base}/settings`)).data.greeting).toBe('hello');
  expect((await plane.api.get(`${base}/extra`)).metadata.deletionTimestamp).toBeUndefined();
  const deletions = await mark.since((entry) => isOfApplications(entry) && entry.verb.startsWith('delete'));
  expect(deletions.map(entryText)).toEqual([]);
}

async function expectOnCommandLine(reason: string, message: string): Promise<void> {
  const [all, one] = [await cli.run('status', '-o', 'wide'), await cli.run('status', 'shop', '-o', 'wide')];
  expect(all.stdout + one.stdout).toContain(reason);
  const words = (text: string): string => text.replaceAll(/\s+/g, ' ');
  expect(words(all.stdout + one.stdout)).toContain(words(message));
  expect((await cli.run('status', '--check')).code).toBe(4);
}

describe('bad input is told once, clearly, and harms nothing', () => {
  test.each(cases)('$what', async ({ repository, files, undo, reason, names }) => {
    await fleet.push(repository, { files: files(fleet.git.url), message: 'Something bad' });
    try {
      const { message } = await untilTold(reason, names);
      expect(message).not.toBe('');
      await expectOnCommandLine(reason, message);
      await expectUnharmed();
    } finally {
      await fleet.push(repository, { files: undo(), message: 'Put it right' });
    }
    await untilWell();
  });

  test('a source that vanishes', async () => {
    const ref = 'refs/heads/main';
    const head = (await fleet.git.refs('shop')).get(ref);
    await fleet.git.setRef('shop', ref, undefined);
    await fleet.hub.client.webhook(fleet.git.urlOf('shop'));
    try {
      const { message } = await untilTold('SourceNotFound', ['main']);
      expect(message).not.toBe('');
      await expectOnCommandLine('SourceNotFound', message);
      await expectUnharmed();
    } finally {
      await fleet.git.setRef('shop', ref, head);
      await fleet.hub.client.webhook(fleet.git.urlOf('shop'));
    }
    await untilWell();
  });

  test('a checkout with a broken document is refused offline, by file and line', async () => {
    const checkout = join(fleet.folder, 'checkout');
    await mkdir(checkout);
    await writeFile(join(checkout, 'fairlead.yaml'), documents({ kind: 'Fleet', name: 'bad-input' }));
    await writeFile(join(checkout, 'dev.yaml'), JSON.stringify(environment('dev', 'dev')));
    await writeFile(join(checkout, 'shop.yaml'), good.fleet.replace('  pipeline:', '  pipelines:'));
    const { code, stdout } = await cli.run('validate', checkout);
    expect(code).toBe(1);
    expect(stdout).toContain('shop.yaml:8');
    expect(stdout).toContain('pipelines');
  });
});

describe('tokens', () => {
  const identity = '/api/v1/namespaces/fairlead-system/secrets/fairlead-identity';

  /** Starts an agent in the other control plane; resolves to the line of its log that has the words. */
  async function agentSays(words: string, folder: string): Promise<string> {
    const agent = await startAgent({ plane: other, folder: join(fleet.folder, folder) });
    try {
      return await until(
        async () => (await readFile(agent.logFile, 'utf8')).split('\n').find((line) => line.includes(words)),
        { what: `the agent to say ${words}`, timeoutMs: 60_000 },
      );
    } finally {
      await agent.stop();
    }
  }

  async function install(name: string): Promise<void> {
    const body = { name, labels: { env: 'none' }, profile: 'cluster-admin' };
    await applyInstall(other, (await fleet.hub.client.call('createJoin', { body })).manifest);
  }

  /** The journal, by API and command line, names the cluster, the reason and the next step. */
  async function expectTold(cluster: string, reason: string): Promise<void> {
    const { items } = await fleet.hub.client.call('listEvents', { query: { cluster } });
    const refusal = items.find(({ type }) => type === 'EnrolmentRefused');
    expect(refusal).toMatchObject({ reason, message: expect.stringContaining('fairlead cluster join') as string });
    const { stdout } = await cli.run('events', '--cluster', cluster);
    expect(stdout).toContain(reason);
  }

  test('a token that was used is refused, and the agent says what to do', async () => {
    await install('twice');
    await agentSays('identity.issued', 'first');
    await other.api.delete(identity);
    expect(await agentSays('TokenUsed', 'second')).toContain('fairlead cluster join');
    await expectTold('twice', 'TokenUsed');
    await other.api.delete(identity);
  });

  test('a token that has expired is refused, and the agent says what to do', async () => {
    await install('late');
    await fleet.hub.kill();
    await fleet.hub.start({ clockAheadMs: 2 * 3_600_000 });
    expect(await agentSays('TokenExpired', 'late')).toContain('fairlead cluster join');
    await expectTold('late', 'TokenExpired');
  });
});

test('a hub that is down: the command line says so and what to do, and the cluster keeps what it has', async () => {
  await fleet.hub.kill();
  const { code, stderr } = await cli.run('status');
  expect(code).toBe(3);
  expect(stderr).toContain(fleet.hub.api);
  expect(stderr).toContain('HubUnreachable');
  expect(stderr).toContain('next:');
  await expectUnharmed();
});
