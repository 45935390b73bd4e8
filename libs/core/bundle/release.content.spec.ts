import { application, type Application, type JsonObject } from '@fairlead/core/model';
import { describe, expect, it } from 'vitest';
import { definitionContent } from './content.ts';
import { releaseDigest, sha256 } from './digest.ts';

function parse(spec: Record<string, unknown>): Application {
  const source = { git: { url: 'https://git.example.com/web/podinfo', path: 'deploy' } };
  const { source: own = source, ...rest } = spec;
  return application.parse({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'Application',
    metadata: { name: 'podinfo' },
    spec: { source: own, pipeline: [{ environment: 'dev' }], ...rest },
  });
}

function digestOf(spec: Record<string, unknown>): string {
  return releaseDigest({
    content: definitionContent(parse(spec)),
    sources: { main: sha256('') },
    renderer: { kustomize: '5.8.2' },
  });
}

describe('the content of a definition', () => {
  it('has its defaults filled in', () => {
    const wanted: JsonObject = {
      name: 'podinfo',
      team: 'default',
      namespace: 'default',
      path: 'deploy',
      components: [],
      values: {},
      patches: [],
      variables: {},
      overrides: [],
      sync: { prune: true, drift: 'Correct', conflicts: 'Override', adopt: 'Release' },
      ignore: [],
      health: [],
      sources: { main: { root: 'deploy', path: 'deploy' } },
    };
    expect(definitionContent(parse({}))).toEqual(wanted);
  });

  it.each([
    [
      'a default written out',
      { namespace: 'default', team: 'default', sync: { prune: true }, components: [], values: {} },
    ],
    [
      'the long form of a source',
      {
        source: undefined,
        sources: { main: { git: { url: 'https://git.example.com/web/podinfo', path: 'deploy', root: 'deploy' } } },
      },
    ],
    [
      'where to look',
      { source: { git: { url: 'https://elsewhere.example.com/x', path: 'deploy', ref: { tag: 'v1' } } } },
    ],
    ['the pipeline and its gates', { pipeline: [{ environment: 'prod', gates: [{ soak: '1h' }] }] }],
  ])('does not change with %s', (_what, spec) => {
    const changed =
      'sources' in spec
        ? application.parse({
            apiVersion: 'fairlead.dev/v1alpha1',
            kind: 'Application',
            metadata: { name: 'podinfo' },
            spec: { sources: spec.sources, pipeline: [{ environment: 'dev' }] },
          })
        : parse(spec);
    expect(definitionContent(changed)).toEqual(definitionContent(parse({})));
  });

  it('changes with every field that can change a manifest or how it is applied', () => {
    const specs: Record<string, unknown>[] = [
      {},
      { team: 'web' },
      { namespace: 'web' },
      { render: 'Helm' },
      { path: 'other' },
      { components: ['a'] },
      { values: { a: 1 } },
      { valueFiles: ['values.yaml'] },
      { values: { a: 9_007_199_254_740_993n } },
      { values: { a: 9_007_199_254_740_992 } },
      { patches: [{ target: { kind: 'Deployment' }, patch: { spec: { replicas: 3 } } }] },
      { variables: { a: 'b' } },
      { overrides: [{ environment: 'prod', values: { a: 1 } }] },
      { overrides: [{ environment: 'prod', values: {} }] },
      { sync: { prune: false } },
      { ignore: [{ target: { kind: 'Deployment' }, pointers: ['/spec/replicas'] }] },
      { health: [{ target: { kind: 'Thing' }, healthy: 'true' }] },
      { source: { git: { url: 'https://git.example.com/web/podinfo', path: 'deploy', root: '.' } } },
      { source: { helm: { repository: 'https://charts.example.com', chart: 'podinfo' } } },
      { source: { helm: { repository: 'https://charts.example.com', chart: 'other' } } },
    ];
    expect(new Set(specs.map(digestOf)).size).toBe(specs.length);
  });

  it('is joined by sources and renderer in the digest of the release', () => {
    const content = definitionContent(parse({}));
    const base = { content, sources: { main: sha256('a') }, renderer: { helm: '4.3.0' } };
    const digests = [base, { ...base, sources: { main: sha256('b') } }, { ...base, renderer: { helm: '4.3.1' } }].map(
      releaseDigest,
    );
    expect(new Set(digests).size).toBe(3);
  });
});
