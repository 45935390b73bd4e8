import { afterAll, beforeAll, expect, test } from 'vitest';
import { fleetFixture, type Fleet } from '@fairlead/testkit/fleet';
import { until } from '@fairlead/testkit/kube';
import { configMap, documents, manifests } from './documents.ts';

const clusters = ['dev', 'prod'] as const;
let fleet: Fleet;

const files = (version: string): Record<string, string> => ({
  'deploy/settings.yaml': manifests(configMap('settings', { version })),
});

beforeAll(async () => {
  fleet = await fleetFixture({
    clusters: clusters.map((name) => ({ name, labels: { env: name } })),
    repositories: {
      web: () => files('0'),
      fleet: (gitUrl) => ({
        'fairlead.yaml': documents(
          { kind: 'Fleet', name: 'killed' },
          ...clusters.map((name) => ({
            kind: 'Environment',
            name,
            spec: { clusters: { matchLabels: { env: name } } },
          })),
          {
            kind: 'Application',
            name: 'web',
            spec: {
              source: { git: { url: `${gitUrl}/web.git`, path: 'deploy' } },
              namespace: 'web',
              pipeline: [{ environment: 'dev' }, { environment: 'prod', gates: [{ soak: '1s' }] }],
            },
          },
        ),
      }),
    },
  });
  await untilEverywhere('0');
});
afterAll(() => fleet?.stop());

async function untilEverywhere(version: string): Promise<void> {
  for (const name of clusters) {
    const { api } = fleet.member(name).plane;
    await until(async () => (await api.get('/api/v1/namespaces/web/configmaps/settings')).data.version === version, {
      what: `version ${version} to come to ${name}`,
      timeoutMs: 60_000,
    });
  }
}

/** The ledger commits since `head` that touched an environment's file. */
async function promotions(head: string, environment: string): Promise<string[]> {
  const path = `ledger/${environment}/default/web.yaml`;
  const log = await fleet.git.git('fleet', 'log', '--format=%s', `${head}..main`, '--', path);
  return log.split('\n').filter((line) => line !== '');
}

async function untilPromoted(head: string, environment: string): Promise<void> {
  await until(async () => (await promotions(head, environment)).length > 0, {
    what: `a ledger commit for ${environment}`,
    timeoutMs: 60_000,
    pollMs: 5,
  });
}

test.each([
  ['1', 'before anything was decided', async () => undefined],
  ['2', 'as it promoted into dev', (head: string) => untilPromoted(head, 'dev')],
  ['3', 'as it promoted into prod', (head: string) => untilPromoted(head, 'prod')],
])('version %s: a hub that is killed %s goes on, and promotes nothing twice', async (version, _when, moment) => {
  const head = (await fleet.git.refs('fleet')).get('refs/heads/main') ?? '';
  await fleet.push('web', { files: files(version), message: `Version ${version}` });
  await moment(head);
  await fleet.hub.kill();
  await fleet.hub.start();
  await untilEverywhere(version);
  for (const environment of clusters) expect(await promotions(head, environment)).toHaveLength(1);
  expect(await fleet.git.git('fleet', 'log', '--format=%s', `${head}..main`, '--', 'ledger/hub.yaml')).toBe('');
});
