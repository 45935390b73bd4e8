import { application } from '@fairlead/core/model';
import { describe, expect, it } from 'vitest';
import { renderPlan, type RenderCluster } from './plan.ts';

const shop: RenderCluster = {
  name: 'shop-0042',
  labels: { env: 'prod', region: 'eu', 'example.com/site': '42' },
  kubernetesVersion: 'v1.36.1',
};

function plan(spec: Record<string, unknown>, target: { environment?: string; cluster?: RenderCluster } = {}) {
  const source = { git: { url: 'https://git.example.com/web/podinfo', root: 'deploy', path: 'deploy/base' } };
  const document = application.parse({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'Application',
    metadata: { name: 'podinfo' },
    spec: { team: 'web', source, pipeline: [{ environment: 'prod' }], ...spec },
  });
  return renderPlan(document, { environment: 'prod', cluster: shop, ...target });
}

describe('what a render starts from', () => {
  it("is the source's path and nothing else unless the application says more", () => {
    expect(plan({})).toEqual({
      inputs: {
        path: 'deploy/base',
        components: [],
        values: {},
        patches: [],
        namespace: 'default',
        releaseName: 'podinfo',
      },
      kubernetesVersion: 'v1.36.1',
    });
  });

  it('takes the overrides that fit: later ones win, maps merge, lists replace', () => {
    const overrides = [
      { environment: 'prod', values: { ui: { colour: 'red', sizes: [1, 2] }, a: 1 }, components: ['one', 'two'] },
      {
        clusters: { matchLabels: { region: 'eu' } },
        values: { ui: { sizes: [3] } },
        components: ['three'],
        path: 'deploy/eu',
      },
      { environment: 'dev', values: { a: 2 } },
      { environment: 'prod', clusters: { matchLabels: { region: 'us' } }, values: { a: 3 } },
    ];
    const { inputs } = plan({ values: { ui: { title: 'hi', colour: 'blue' } }, components: ['zero'], overrides });
    expect(inputs.values).toEqual({ ui: { title: 'hi', colour: 'red', sizes: [3] }, a: 1 });
    expect(inputs.components).toEqual(['three']);
    expect(inputs.path).toBe('deploy/eu');
  });

  it('files of values may be named by what is known of the cluster, and stay inside the files', () => {
    const valueFiles = ['values/${environment}.yaml', 'values/${cluster.labels.region}.yaml'];
    expect(plan({ valueFiles }).inputs.valueFiles).toEqual(['values/prod.yaml', 'values/eu.yaml']);
    expect(plan({}).inputs).not.toHaveProperty('valueFiles');
    const overrides = [{ environment: 'prod', valueFiles: ['own.yaml'] }];
    expect(plan({ valueFiles, overrides }).inputs.valueFiles).toEqual(['own.yaml']);
    expect(() => plan({ valueFiles: ['a/${up}/b'], variables: { up: '..' } })).toThrow(
      /spec\.valueFiles\[0\] is a\/\.\.\/b for \S+, which leads out of the files/,
    );
  });

  it('is equal for clusters that differ in nothing that it uses', () => {
    const other = { name: 'shop-0043', labels: { env: 'prod', region: 'eu' }, kubernetesVersion: 'v1.35.0' };
    const spec = { values: { region: '${cluster.labels.region}' } };
    expect(plan(spec, { cluster: other }).inputs).toEqual(plan(spec).inputs);
    expect(plan({ values: { name: '${cluster.name}' } }, { cluster: other }).inputs).not.toEqual(
      plan({ values: { name: '${cluster.name}' } }).inputs,
    );
  });
});

describe('variables', () => {
  it('are filled into values and patches, wherever a text stands, and never into keys', () => {
    const { inputs } = plan({
      variables: { greeting: 'Hallo from ${cluster.name}', plain: 'a' },
      values: {
        text: '${greeting}, ${environment} ${application.name} ${application.team}',
        list: [{ '${plain}': '${plain}' }],
        site: '${cluster.labels.example.com/site}',
        n: 1,
        big: 9_007_199_254_740_993n,
        none: null,
      },
      patches: [
        { target: { kind: 'Deployment' }, patch: { metadata: { labels: { at: '${cluster.labels.region}' } } } },
      ],
    });
    expect(inputs.values).toEqual({
      text: 'Hallo from shop-0042, prod podinfo web',
      list: [{ '${plain}': 'a' }],
      site: '42',
      n: 1,
      big: 9_007_199_254_740_993n,
      none: null,
    });
    expect(inputs.patches).toEqual([{ target: { kind: 'Deployment' }, patch: { metadata: { labels: { at: 'eu' } } } }]);
  });

  it('may be overridden, and what they hold is not filled again', () => {
    const spec = {
      variables: { a: 'one' },
      values: { b: '${a}' },
      overrides: [{ environment: 'prod', variables: { a: '$${cluster.name}' } }],
    };
    expect(plan(spec).inputs.values).toEqual({ b: '${cluster.name}' });
  });

  it('are text where the dollar is doubled', () => {
    expect(plan({ values: { a: '$${HOME} and $HOME and $$' } }).inputs.values).toEqual({
      a: '${HOME} and $HOME and $$',
    });
  });

  it.each([
    [
      'an unknown name',
      { values: { a: { b: ['${clutser.name}'] } } },
      'spec.values.a.b[0] names the variable `${clutser.name}`',
    ],
    [
      'a label that the cluster has not',
      { values: { a: '${cluster.labels.tier}' } },
      'Cannot render web/podinfo for shop-0042: spec.values.a names the variable `${cluster.labels.tier}`',
    ],
    [
      'another variable in a variable',
      { variables: { a: 'x', b: '${a}' } },
      'spec.variables.b names the variable `${a}`',
    ],
    [
      "a name of Fairlead's own",
      { variables: { 'cluster.name': 'x' } },
      'spec.variables.cluster.name has the name of a variable that Fairlead fills in itself',
    ],
    ['an empty name', { values: { a: '${}' } }, 'names the variable `${}`'],
  ])('are refused for %s', (_what, spec, message) => {
    expect(() => plan(spec)).toThrow(
      expect.objectContaining({ reason: 'InvalidDocument', message: expect.stringContaining(message) }),
    );
  });
});
