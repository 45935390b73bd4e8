import { describe, expect, it } from 'vitest';
import type { HttpAnswer } from './answers.ts';
import type { Fetch } from './discovery.read.ts';
import { discoveryOf } from './discovery.ts';

const answer = (body: object, status = 200, headers = {}): HttpAnswer => ({
  status,
  headers,
  text: JSON.stringify(body),
});
const resource = (kind: string, plural: string, scope = 'Namespaced'): object => ({
  resource: plural,
  responseKind: { group: '', version: '', kind },
  scope,
  verbs: ['get', 'list'],
});
const group = (name: string, ...versions: object[]): object => ({ metadata: { name }, versions });
const aggregated = (...items: object[]): HttpAnswer => answer({ kind: 'APIGroupDiscoveryList', items });
const core = aggregated(group('', { version: 'v1', freshness: 'Current', resources: [resource('Pod', 'pods')] }));
const deployments = { version: 'v1', freshness: 'Current', resources: [resource('Deployment', 'deployments')] };

/** Answers by path, and notes what was asked. */
function serving(answers: Record<string, HttpAnswer | (() => HttpAnswer)>): { fetch: Fetch; asked: string[] } {
  const asked: string[] = [];
  const fetch: Fetch = async ({ path, etag }) => {
    asked.push(etag === undefined ? path : `${path} ${etag}`);
    const found = answers[path] ?? answer({}, 404);
    return typeof found === 'function' ? found() : found;
  };
  return { fetch, asked };
}

describe('aggregated discovery', () => {
  it('reads everything in two answers, and keeps it', async () => {
    const { fetch, asked } = serving({ '/api': core, '/apis': aggregated(group('apps', deployments)) });
    const kinds = discoveryOf(fetch);
    expect(await kinds.find({ group: '', version: 'v1', kind: 'Pod' })).toMatchObject({
      resource: 'pods',
      group: '',
      version: 'v1',
    });
    expect(await kinds.find({ group: 'apps', kind: 'Deployment' })).toMatchObject({ group: 'apps', namespaced: true });
    expect(asked).toEqual(['/api', '/apis']);
  });

  it('says that nobody knows where the server of a group is down, and hides no other group', async () => {
    const stale = group('metrics.example.com', { version: 'v1', freshness: 'Stale', resources: [] });
    const { fetch } = serving({ '/api': core, '/apis': aggregated(stale, group('apps', deployments)) });
    const kinds = discoveryOf(fetch);
    expect(await kinds.find({ group: 'apps', kind: 'Deployment' })).toBeDefined();
    await expect(kinds.find({ group: 'metrics.example.com', version: 'v1', kind: 'PodMetrics' })).rejects.toMatchObject(
      {
        code: 'Unavailable',
      },
    );
    expect(await kinds.find({ group: 'metrics.example.com', version: 'v2', kind: 'PodMetrics' })).toBeUndefined();
  });

  it('remembers the kinds of a group whose server went down', async () => {
    let freshness = 'Current';
    const metrics = (): HttpAnswer =>
      aggregated(
        group('metrics.example.com', {
          version: 'v1',
          freshness,
          resources: freshness === 'Current' ? [resource('PodMetrics', 'pods')] : [],
        }),
      );
    const { fetch } = serving({ '/api': core, '/apis': metrics });
    const kinds = discoveryOf(fetch);
    const wanted = { group: 'metrics.example.com', kind: 'PodMetrics' };
    expect(await kinds.find(wanted)).toBeDefined();
    freshness = 'Stale';
    kinds.forget();
    expect(await kinds.find(wanted)).toMatchObject({ resource: 'pods' });
  });

  it('reads anew on a miss, but not for each one of many', async () => {
    const { fetch, asked } = serving({ '/api': core, '/apis': aggregated(group('apps', deployments)) });
    const kinds = discoveryOf(fetch);
    for (let times = 0; times < 100; times += 1) {
      expect(await kinds.find({ group: 'apps', kind: 'Deploiment' })).toBeUndefined();
    }
    expect(asked.length / 2).toBeGreaterThan(1);
    expect(asked.length / 2).toBeLessThanOrEqual(7);
  });

  it('finds what came since, and asks only whether anything changed', async () => {
    let groups = answer({ kind: 'APIGroupDiscoveryList', items: [] }, 200, { etag: '"1"' });
    const unchanged = answer({}, 304);
    const cached = { ...core, headers: { etag: '"c"' } };
    let coreAnswer: HttpAnswer = cached;
    const { fetch, asked } = serving({ '/api': () => coreAnswer, '/apis': () => groups });
    const kinds = discoveryOf(fetch);
    expect(await kinds.find({ group: 'apps', kind: 'Deployment' })).toBeUndefined();
    coreAnswer = unchanged;
    groups = aggregated(group('apps', deployments));
    expect(await kinds.find({ group: 'apps', kind: 'Deployment' })).toBeDefined();
    expect(await kinds.find({ group: '', kind: 'Pod' })).toBeDefined();
    expect(asked).toEqual(['/api', '/apis', '/api "c"', '/apis "1"']);
  });

  it('shares one reading among those who ask at the same time', async () => {
    const { fetch, asked } = serving({ '/api': core, '/apis': aggregated(group('apps', deployments)) });
    const kinds = discoveryOf(fetch);
    await Promise.all(Array.from({ length: 50 }, () => kinds.find({ group: 'apps', kind: 'Deployment' })));
    expect(asked).toEqual(['/api', '/apis']);
    kinds.forget();
    await Promise.all(Array.from({ length: 50 }, () => kinds.find({ group: 'apps', kind: 'Deployment' })));
    expect(asked).toHaveLength(4);
  });
});

describe('discovery group by group', () => {
  const listed = {
    '/api': answer({ kind: 'APIVersions', versions: ['v1'] }),
    '/apis': answer({
      kind: 'APIGroupList',
      groups: [
        { name: 'apps', versions: [{ version: 'v1' }], preferredVersion: { version: 'v1' } },
        { name: 'down.example.com', versions: [{ version: 'v1' }], preferredVersion: { version: 'v1' } },
        {
          name: 'autoscaling',
          versions: [{ version: 'v1' }, { version: 'v2' }],
          preferredVersion: { version: 'v2' },
        },
      ],
    }),
    '/api/v1': answer({
      resources: [
        { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['get'] },
        { name: 'pods/log', kind: 'Pod' },
      ],
    }),
    '/apis/apps/v1': answer({ resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true, verbs: [] }] }),
    '/apis/autoscaling/v1': answer({ resources: [{ name: 'hpas', kind: 'HPA', namespaced: true, verbs: [] }] }),
    '/apis/autoscaling/v2': answer({ resources: [{ name: 'hpas', kind: 'HPA', namespaced: true, verbs: [] }] }),
    '/apis/down.example.com/v1': answer({}, 503),
  };

  it('is what an older server gives, in its order of preference', async () => {
    const kinds = discoveryOf(serving(listed).fetch);
    expect(await kinds.find({ group: '', version: 'v1', kind: 'Pod' })).toMatchObject({ resource: 'pods' });
    expect(await kinds.find({ group: 'autoscaling', kind: 'HPA' })).toMatchObject({ version: 'v2' });
    expect(await kinds.find({ group: 'autoscaling', version: 'v1', kind: 'HPA' })).toMatchObject({ version: 'v1' });
  });

  it('hides no group because another one fails', async () => {
    const kinds = discoveryOf(serving(listed).fetch);
    expect(await kinds.find({ group: 'apps', kind: 'Deployment' })).toBeDefined();
    await expect(kinds.find({ group: 'down.example.com', kind: 'Thing' })).rejects.toMatchObject({
      code: 'Unavailable',
    });
  });

  it('fails as a whole where there is no API server', async () => {
    const kinds = discoveryOf(serving({}).fetch);
    await expect(kinds.find({ group: 'apps', kind: 'Deployment' })).rejects.toMatchObject({ code: 'Unavailable' });
  });
});
