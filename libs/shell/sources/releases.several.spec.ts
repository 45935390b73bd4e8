import { treeDigest, valueDigest } from '@fairlead/core/bundle';
import { readFleet } from '@fairlead/core/documents';
import { FairleadError, sourcesOf, type Application } from '@fairlead/core/model';
import { renderPlan } from '@fairlead/core/placement';
import type { Renderer } from '@fairlead/ports/renderer';
import { memorySource } from '@fairlead/ports/source';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { keepFiles } from './files.ts';
import { releasesFrom, type Rendering } from './releases.ts';
import { makeBundles } from './render.ts';
import type { SourceState } from './states.ts';
import { sourceKey } from './wanted.ts';

/** An application of two repositories: manifests, and what they are filled with. */
function definition(): Application {
  const source = (name: string): string => `${name}: { git: { url: "https://git.example.com/${name}", path: deploy } }`;
  const text = `apiVersion: fairlead.dev/v1alpha1\nkind: Application\nmetadata: { name: web }\nspec: { render: Kustomize, sources: { ${source('main')}, ${source('settings')} }, pipeline: [{ environment: dev }] }\n`;
  const [application] = readFleet([{ path: 'web.yaml', text }]).applications.values();
  if (!application) throw new Error('the application of the test is broken');
  return application;
}

const application = definition();
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

test('what another source gives lies beside the manifests, and a change there is another bundle', async () => {
  const main = memorySource();
  const settings = memorySource();
  const renderer: Renderer = {
    kind: 'Kustomize',
    versions: async () => ['5.8.2'],
    async render({ files }) {
      const text = (path: string): string => Buffer.from(files.get(path)?.bytes ?? []).toString();
      return [{ origin: 'all', text: `${text('deploy/a.yaml')}---\n${text('.sources/settings/deploy/b.yaml')}` }];
    },
  };
  const place = (name: string) => sourcesOf(application)[name];
  const adapters = [
    { ...main.adapter, handles: (source: unknown) => source === place('main') },
    { ...settings.adapter, handles: (source: unknown) => source === place('settings') },
  ];
  const files = keepFiles({ adapters, credentials: async () => undefined, treeDigest }, { maxBytes: 1e6 });
  const store = memoryStore();
  const patcher = { versions: async () => ['5.8.2'], patch: async (text: string) => text };
  const maker = makeBundles({ renderers: [renderer], patcher, store, files });
  const { inputs } = renderPlan(application, {
    environment: 'dev',
    cluster: { name: 'one', labels: {}, kubernetesVersion: 'v1.36.1' },
  });
  const pinned = async (from: typeof main, name: string, content: Readonly<Record<string, string>>) => {
    const revision = await from.server.commit({ files: content });
    const source = place(name);
    if (source === undefined) throw new Error(`there is no source ${name}`);
    const digest = treeDigest(await from.adapter.fetchRevision(source, { revision }));
    return { source, url: `https://git.example.com/${name}`, team: 'default', revision, digest };
  };
  const manifests = await pinned(main, 'main', { 'deploy/a.yaml': configMap('a', 'one') });
  const bundleWith = async (word: string): Promise<string> =>
    maker.bundleFor({
      definition: application,
      sources: {
        main: manifests,
        settings: await pinned(settings, 'settings', { 'deploy/b.yaml': configMap('b', word) }),
      },
      renderer: { kustomize: '5.8.2' },
      inputs,
      kubernetesVersion: 'v1.36.1',
      team: {
        name: 'default',
        serviceAccount: 'fairlead-applier',
        namespaces: [],
        allowKinds: [],
        denyKinds: [],
        secrets: 'Allow',
      },
    });
  const first = await bundleWith('eins');
  expect(await bundleWith('eins')).toBe(first);
  expect(await bundleWith('zwei')).not.toBe(first);
});

test('a chart takes its values from another source, file over file and the definition over both', async () => {
  const seenValues: unknown[] = [];
  const chart = memorySource();
  const values = memorySource();
  const renderer: Renderer = {
    kind: 'Helm',
    versions: async () => ['3.19.0'],
    async render(input) {
      seenValues.push(input.values);
      return [{ origin: 'chart', text: configMap('a', JSON.stringify(input.values).length.toString()) }];
    },
  };
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
  const [application] = readFleet([{ path: 'web.yaml', text }]).applications.values();
  if (!application) throw new Error('the application of the test is broken');
  const places = sourcesOf(application);
  const adapters = [
    { ...chart.adapter, handles: (source: unknown) => source === places['main'] },
    { ...values.adapter, handles: (source: unknown) => source === places['settings'] },
  ];
  const files = keepFiles({ adapters, credentials: async () => undefined, treeDigest }, { maxBytes: 1e6 });
  const patcher = { versions: async () => ['5.8.2'], patch: async (one: string) => one };
  const maker = makeBundles({ renderers: [renderer], patcher, store: memoryStore(), files });
  const { inputs } = renderPlan(application, {
    environment: 'dev',
    cluster: { name: 'one', labels: {}, kubernetesVersion: 'v1.36.1' },
  });
  const pinned = async (from: typeof chart, name: string, content: Readonly<Record<string, string>>) => {
    const revision = await from.server.commit({ files: content });
    const source = places[name];
    if (source === undefined) throw new Error(`there is no source ${name}`);
    const digest = treeDigest(await from.adapter.fetchRevision(source, { revision }));
    return { source, url: `https://git.example.com/${name}`, team: 'default', revision, digest };
  };
  const main = await pinned(chart, 'main', { 'chart/Chart.yaml': 'name: web\nversion: 1.0.0\n' });
  const bundleWith = async (content: Readonly<Record<string, string>>) =>
    maker.bundleFor({
      definition: application,
      sources: { main, settings: await pinned(values, 'settings', content) },
      renderer: { helm: '3.19.0' },
      inputs,
      kubernetesVersion: 'v1.36.1',
      team: { name: 'default', serviceAccount: 'a', namespaces: [], allowKinds: [], denyKinds: [], secrets: 'Allow' },
    });
  await bundleWith({
    'web/all.yaml': 'image: { name: web, tag: "1" }\nports: [80, 81]\n',
    'web/dev.yaml': 'image: { tag: "2" }\nports: [8080]\nreplicas: 1\n',
  });
  expect(seenValues[0]).toEqual({ image: { name: 'web', tag: '3' }, ports: [8080], replicas: 1 });
  await expect(bundleWith({ 'web/all.yaml': 'a: 1\n', 'web/dev.yaml': null as never })).rejects.toMatchObject({
    reason: 'SourceNotFound',
    message: expect.stringContaining('.sources/settings/web/dev.yaml'),
  });
  await expect(bundleWith({ 'web/all.yaml': '- a\n', 'web/dev.yaml': '' })).rejects.toMatchObject({
    reason: 'RenderFailed',
    message: expect.stringContaining('.sources/settings/web/all.yaml: it is a list, and values are one mapping'),
  });
});
