import {
  application,
  cluster,
  environment,
  member,
  team,
  type ApplicationId,
  type Selector,
} from '@fairlead/core/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { place, type PlacementInput } from './place.ts';
import { matches, type Labels } from './selector.ts';

const apiVersion = 'fairlead.dev/v1alpha1';
const id = 'default/podinfo' as ApplicationId;

function environments(selectors: Record<string, Selector>, rollout: object = {}) {
  return new Map(
    Object.entries(selectors).map(([name, clusters]) => [
      name,
      environment.parse({ apiVersion, kind: 'Environment', metadata: { name }, spec: { clusters, rollout } }),
    ]),
  );
}

function members(labels: Record<string, Labels>) {
  const key = `sha256:${'0'.repeat(64)}`;
  return new Map(
    Object.entries(labels).map(([name, own]) => [
      name,
      member.parse({
        apiVersion,
        kind: 'Member',
        metadata: { name },
        spec: { labels: own, key, kubernetes: 'v1.36.1' },
      }),
    ]),
  );
}

function app(pipeline: unknown[], spec: Record<string, unknown> = {}) {
  const source = { git: { url: 'https://git.example.com/web/podinfo' } };
  return application.parse({
    apiVersion,
    kind: 'Application',
    metadata: { name: 'podinfo' },
    spec: { source, pipeline, ...spec },
  });
}

const input: PlacementInput = {
  applications: new Map([
    [id, app([{ environment: 'dev' }, { environment: 'prod', clusters: { matchLabels: { web: 'true' } } }])],
  ]),
  environments: environments({ dev: { matchLabels: { env: 'dev' } }, prod: { matchLabels: { env: 'prod' } } }),
  teams: new Map(),
  clusters: new Map(),
  members: members({
    c: { env: 'prod', web: 'true' },
    a: { env: 'dev' },
    b: { env: 'prod', web: 'true' },
    d: { env: 'prod' },
  }),
};

describe('label selectors', () => {
  const labels = { env: 'prod', region: 'eu', empty: '' };
  it.each<[string, Selector, boolean]>([
    ['an empty one', {}, true],
    ['equal labels', { matchLabels: { env: 'prod', region: 'eu' } }, true],
    ['one label that differs', { matchLabels: { env: 'prod', region: 'us' } }, false],
    ['a label that is not there', { matchLabels: { tier: '' } }, false],
    ['an empty value', { matchLabels: { empty: '' } }, true],
    ['a name that every object has', { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, false],
    ['In', { matchExpressions: [{ key: 'env', operator: 'In', values: ['dev', 'prod'] }] }, true],
    ['In without the key', { matchExpressions: [{ key: 'tier', operator: 'In', values: ['a'] }] }, false],
    ['NotIn', { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] }, false],
    ['NotIn without the key', { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['a'] }] }, true],
    ['Exists', { matchExpressions: [{ key: 'empty', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'empty', operator: 'DoesNotExist' }] }, false],
    [
      'both, one of which fails',
      { matchLabels: { env: 'prod' }, matchExpressions: [{ key: 'region', operator: 'DoesNotExist' }] },
      false,
    ],
  ])('judge %s', (_what, selector, wanted) => {
    expect(matches(selector, labels)).toBe(wanted);
  });
});

describe('placement', () => {
  it('lists the clusters of each environment by name, narrowed where the pipeline narrows', () => {
    const placed = place(input);
    expect(Object.fromEntries(placed.applications.get(id) ?? [])).toEqual({ dev: ['a'], prod: ['b', 'c'] });
    expect(placed.environments.get('prod')).toEqual(['b', 'c', 'd']);
    expect(placed.problems).toEqual([]);
  });

  it('lets a Cluster document add to the labels of the ledger, and win over them', () => {
    const document = cluster.parse({
      apiVersion,
      kind: 'Cluster',
      metadata: { name: 'd', labels: { env: 'dev', tier: 'canary' } },
    });
    const placed = place({ ...input, clusters: new Map([['d', document]]) });
    expect(placed.environments.get('dev')).toEqual(['a', 'd']);
    expect(placed.labels.get('d' as never)).toEqual({ env: 'dev', tier: 'canary' });
  });

  it('gives a Cluster document without a member nothing', () => {
    const document = cluster.parse({
      apiVersion,
      kind: 'Cluster',
      metadata: { name: 'ghost', labels: { env: 'dev' } },
    });
    expect(place({ ...input, clusters: new Map([['ghost', document]]) }).environments.get('dev')).toEqual(['a']);
  });

  it('holds a cluster that two environments of one pipeline select, and nobody else', () => {
    const placed = place({
      ...input,
      environments: environments({
        dev: { matchExpressions: [{ key: 'env', operator: 'Exists' }] },
        prod: { matchLabels: { env: 'prod' } },
      }),
    });
    expect(placed.conflicts.map(({ cluster: name, environments: both }) => [name, both])).toEqual([
      ['b', ['dev', 'prod']],
      ['c', ['dev', 'prod']],
    ]);
    expect(Object.fromEntries(placed.applications.get(id) ?? [])).toEqual({ dev: ['a', 'd'], prod: [] });
    expect(placed.problems.map(({ reason }) => reason)).toEqual(['EnvironmentConflict', 'EnvironmentConflict']);
    expect(placed.problems[0]?.message).toContain('Cannot place default/podinfo on b: the environments dev and prod');
  });

  it('says which of two waves takes a cluster that both select', () => {
    const rollout = {
      waves: [
        { name: 'canary', clusters: { matchLabels: { web: 'true' } } },
        { name: 'shops', clusters: { matchLabels: { env: 'prod' } } },
        { name: 'rest' },
      ],
    };
    const selector = { matchLabels: { env: 'prod' } };
    const placed = place({ ...input, environments: environments({ prod: selector }, rollout) });
    expect(placed.problems.map(({ reason, message, subject }) => ({ reason, message, subject }))).toEqual([
      {
        reason: 'WavesOverlap',
        message:
          'Cannot tell the waves canary and shops of environment prod apart: both select b, c. The first takes them; narrow one of the two.',
        subject: { environment: 'prod' },
      },
    ]);
  });

  it("names a selector that matches nothing, be it the environment's or the pipeline's", () => {
    const none = place({
      ...input,
      environments: environments({ dev: { matchLabels: { env: 'devv' } }, prod: { matchLabels: { env: 'prod' } } }),
    });
    expect(none.empty).toEqual([{ environment: 'dev' }]);
    expect(none.problems.map(({ reason, subject }) => [reason, subject])).toEqual([
      ['SelectorMatchesNothing', { environment: 'dev' }],
    ]);
    const narrowed = place({
      ...input,
      applications: new Map([[id, app([{ environment: 'dev', clusters: { matchLabels: { web: 'no' } } }])]]),
    });
    expect(narrowed.empty).toEqual([{ application: id, environment: 'dev' }]);
  });

  it('keeps still about empty selections while there are no members', () => {
    const placed = place({ ...input, members: new Map() });
    expect(placed.problems).toEqual([]);
    expect(placed.empty).toHaveLength(2);
  });

  it('keeps a team out of the environments that it may not use', () => {
    const web = team.parse({
      apiVersion,
      kind: 'Team',
      metadata: { name: 'web' },
      spec: { serviceAccount: 'web', environments: ['dev'] },
    });
    const own = app([{ environment: 'dev' }, { environment: 'prod' }], { team: 'web' });
    const placed = place({
      ...input,
      teams: new Map([['web', web]]),
      applications: new Map([['web/podinfo' as ApplicationId, own]]),
    });
    expect(Object.fromEntries(placed.applications.get('web/podinfo' as ApplicationId) ?? [])).toEqual({
      dev: ['a'],
      prod: [],
    });
  });

  it('puts a cluster into one environment of a pipeline at most, whatever the labels', () => {
    const value = fc.constantFrom('a', 'b');
    const labels = fc.dictionary(fc.constantFrom('x', 'y', 'z'), value);
    const selector = fc.record({ matchLabels: fc.dictionary(fc.constantFrom('x', 'y'), value) });
    const fleet = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), labels, { maxKeys: 6 });
    fc.assert(
      fc.property(fleet, fc.tuple(selector, selector, selector), (clusters, [one, two, three]) => {
        const placed = place({
          ...input,
          members: members(clusters),
          environments: environments({ one, two, three }),
          applications: new Map([
            [id, app([{ environment: 'one' }, { environment: 'two' }, { environment: 'three' }])],
          ]),
        });
        const all = [...(placed.applications.get(id)?.values() ?? [])].flat();
        expect(new Set(all).size).toBe(all.length);
        for (const { cluster: name } of placed.conflicts) expect(all).not.toContain(name);
      }),
    );
  });
});
