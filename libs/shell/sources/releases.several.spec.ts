import { treeDigest, valueDigest } from '@fairlead/core/bundle';
import { readFleet } from '@fairlead/core/documents';
import { FairleadError, sourcesOf, type Application } from '@fairlead/core/model';
import { renderPlan } from '@fairlead/core/placement';
import type { Renderer, RenderInput } from '@fairlead/ports/renderer';
import { memorySource } from '@fairlead/ports/source';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { keepFiles } from './files.ts';
import { releasesFrom, type Rendering } from './releases.ts';
import { makeBundles } from './render.ts';
import type { SourceState } from './states.ts';
import { sourceKey } from './wanted.ts';

const source = (name: string): string => `${name}: { git: { url: "https://git.example.com/${name}", path: deploy } }`;
/** Of two repositories: manifests, and what they are filled with. */
const twoRepositories = `apiVersion: fairlead.dev/v1alpha1\nkind: Application\nmetadata: { name: web }\nspec: { render: Kustomize, sources: { ${source('main')}, ${source('settings')} }, pipeline: [{ environment: dev }] }\n`;

function definition(text: string): Application {
  const [application] = readFleet([{ path: 'web.yaml', text }]).applications.values();
  if (!application) throw new Error('the application of the test is broken');
  return application;
}

const application = definition(twoRepositories);
const ada = { name: 'Ada', email: 'ada@example.com' };
const bob = { name: 'Bob', email: 'bob@example.com' };

/** What is known of the two sources. */
function known(of: Readonly<Record<string, SourceState>>) {
  const states = new Map<string, SourceState | undefined>(
    Object.entries(sourcesOf(application)).map(([name, source]) => [sourceKey(source, 'default'), of[name]]),
  );
  const rendering: Pick<Rendering, 'describe'> = {
    describe: async ({ sources }) => ({
      version: sources['main']?.version ?? '',
      sources: Object.fromEntries(
        Object.entries(sources).map(([name, { revision, digest }]) => [name, { revision, digest }]),
      ),
      renderer: {},
    }),
  };
  return releasesFrom({ state: async (key) => states.get(key), rendering: rendering as Rendering });
}

const seen = (revision: string, by: typeof ada): SourceState => ({
  revision,
  digest: valueDigest(revision),
  version: `v${revision}`,
  authors: [by],
});

test('several sources make one release, with the revision of each and everybody who wrote one', async () => {
  const release = await known({ main: seen('1', ada), settings: seen('7', bob) }).resolve(application);
  expect(release).toMatchObject({
    version: 'v1',
    sources: { main: { revision: '1' }, settings: { revision: '7' } },
    authors: [ada, bob],
  });
});

test('a release waits for the source that was never seen, and says what is wrong with it', async () => {
  const problem = new FairleadError('Cannot read settings: the credentials are refused.', {
    code: 'Unauthenticated',
    reason: 'SourceRejected',
  });
  const releases = known({ main: seen('1', ada), settings: { problem } });
  await expect(releases.resolve(application)).rejects.toBe(problem);
});

test('a source that is away now is released as it was seen last', async () => {
  const problem = new FairleadError('Cannot reach settings.', { code: 'Unavailable', reason: 'SourceUnavailable' });
  const releases = known({ main: seen('2', ada), settings: { ...seen('7', bob), problem } });
  expect((await releases.resolve(application)).sources).toMatchObject({
    main: { revision: '2' },
    settings: { revision: '7' },
  });
});

const configMap = (name: string, data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { word: "${data}" }\n`;

/** Two repositories of an application, and bundles of what they hold. */
function twoSources(of: Application, renderer: Pick<Renderer, 'kind'> & { render(input: RenderInput): string }) {
  const places = sourcesOf(of);
  const [main, settings] = [memorySource(), memorySource()];
  const adapters = Object.entries({ main, settings }).map(([name, { adapter }]) => ({
    ...adapter,
    handles: (source: unknown) => source === places[name],
  }));
  const files = keepFiles({ adapters, credentials: async () => undefined, treeDigest }, { maxBytes: 1e6 });
  const patcher = { versions: async () => ['5.8.2'], patch: async (text: string) => text };
  const versions = async (): Promise<readonly string[]> => ['1.0.0'];
  const render = async (input: RenderInput) => [{ origin: 'all', text: renderer.render(input) }];
  const renderers = [{ kind: renderer.kind, versions, render }];
  const maker = makeBundles({ renderers, patcher, store: memoryStore(), files });
  const { inputs } = renderPlan(of, {
    environment: 'dev',
    cluster: { name: 'one', labels: {}, kubernetesVersion: 'v1.36.1' },
  });
  const pinned = async (from: typeof main, name: string, content: Readonly<Record<string, string>>) => {
    const revision = await from.server.commit({ files: content });
    const source = places[name];
    if (source === undefined) throw new Error(`there is no source ${name}`);
    const digest = treeDigest(await from.adapter.fetchRevision(source, { revision }));
    return { source, url: `https://git.example.com/${name}`, team: 'default', revision, digest };
  };
  const team = { name: 'default', serviceAccount: 'a', namespaces: [], allowKinds: [], denyKinds: [] };
  return {
    bundleWith: async (content: {
      readonly main: Readonly<Record<string, string>>;
      readonly settings: Readonly<Record<string, string>>;
    }): Promise<string> =>
      maker.bundleFor({
        definition: of,
        sources: {
          main: await pinned(main, 'main', content.main),
          settings: await pinned(settings, 'settings', content.settings),
        },
        renderer: { kustomize: '1.0.0', helm: '1.0.0' },
        inputs,
        kubernetesVersion: 'v1.36.1',
        team: { ...team, secrets: 'Allow' },
      }),
  };
}

test('what another source gives lies beside the manifests, and a change there is another bundle', async () => {
  const { bundleWith } = twoSources(application, {
    kind: 'Kustomize',
    render({ files }) {
      const text = (path: string): string => Buffer.from(files.get(path)?.bytes ?? []).toString();
      return `${text('deploy/a.yaml')}---\n${text('.sources/settings/deploy/b.yaml')}`;
    },
  });
  const main = { 'deploy/a.yaml': configMap('a', 'one') };
  const settings = (word: string) => ({ 'deploy/b.yaml': configMap('b', word) });
  const first = await bundleWith({ main, settings: settings('eins') });
  expect(await bundleWith({ main, settings: settings('eins') })).toBe(first);
  expect(await bundleWith({ main, settings: settings('zwei') })).not.toBe(first);
});

test('a chart takes its values from another source, file over file and the definition over both', async () => {
  const text = `apiVersion: fairlead.dev/v1alpha1
kind: Application
metadata: { name: web }
spec:
  render: Helm
  sources:
    main: { git: { url: "https://git.example.com/main", path: chart } }
    settings: { git: { url: "https://git.example.com/settings", path: web } }
  valueFiles: [.sources/settings/web/all.yaml, ".sources/settings/web/\${environment}.yaml"]
  values: { image: { tag: "3" } }
  pipeline: [{ environment: dev }]
`;
  const seenValues: unknown[] = [];
  const { bundleWith } = twoSources(definition(text), {
    kind: 'Helm',
    render({ values }) {
      seenValues.push(values);
      return configMap('a', JSON.stringify(values).length.toString());
    },
  });
  const main = { 'chart/Chart.yaml': 'name: web\nversion: 1.0.0\n' };
  await bundleWith({
    main,
    settings: {
      'web/all.yaml': 'image: { name: web, tag: "1" }\nports: [80, 81]\n',
      'web/dev.yaml': 'image: { tag: "2" }\nports: [8080]\nreplicas: 1\n',
    },
  });
  expect(seenValues[0]).toEqual({ image: { name: 'web', tag: '3' }, ports: [8080], replicas: 1 });
  const without = { 'web/all.yaml': 'a: 1\n', 'web/dev.yaml': null as never };
  await expect(bundleWith({ main, settings: without })).rejects.toMatchObject({
    reason: 'SourceNotFound',
    message: expect.stringContaining('.sources/settings/web/dev.yaml'),
  });
  const list = { 'web/all.yaml': '- a\n', 'web/dev.yaml': '' };
  await expect(bundleWith({ main, settings: list })).rejects.toMatchObject({
    reason: 'RenderFailed',
    message: expect.stringContaining('.sources/settings/web/all.yaml: it is a list, and values are one mapping'),
  });
});
