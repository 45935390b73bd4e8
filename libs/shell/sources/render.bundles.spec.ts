import { treeDigest } from '@fairlead/core/bundle';
import { readFleet } from '@fairlead/core/documents';
import type { Application, Digest, Patch } from '@fairlead/core/model';
import { asVerification, renderPlan, verificationDefinition } from '@fairlead/core/placement';
import type { Renderer } from '@fairlead/ports/renderer';
import { memorySource } from '@fairlead/ports/source';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { keepFiles } from './files.ts';
import { makeBundles, type RenderRequest } from './render.ts';

const url = 'https://memory.example/source';
const configMap = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;
const team = {
  name: 'default',
  serviceAccount: 'fairlead-applier',
  namespaces: [],
  allowKinds: [],
  denyKinds: [],
  secrets: 'Allow' as const,
};

function definition(extra = ''): Application {
  const text = `apiVersion: fairlead.dev/v1alpha1\nkind: Application\nmetadata: { name: web }\nspec: { source: { git: { url: "${url}", path: deploy } }, pipeline: [{ environment: dev }]${extra} }\n`;
  const [application] = readFleet([{ path: 'web.yaml', text }]).applications.values();
  if (!application) throw new Error('the application of the test is broken');
  return application;
}

/** A renderer that counts, and gives each file as it is; `noise` makes every render differ. */
function setUp(options: { noise?: boolean } = {}) {
  const memory = memorySource();
  const store = memoryStore();
  const renders: string[] = [];
  const files = keepFiles(
    { adapters: [memory.adapter], credentials: async () => undefined, treeDigest },
    { maxBytes: 1e6 },
  );
  const renderer: Renderer = {
    kind: 'Kustomize',
    versions: async () => ['5.8.2'],
    async render(input) {
      renders.push(input.path);
      const text = [...input.files.values()].map((file) => Buffer.from(file.bytes).toString()).join('---\n');
      return [{ origin: input.path, text: options.noise ? `${text}data: { at: "${renders.length}" }\n` : text }];
    },
  };
  const plain: Renderer = {
    kind: 'Plain',
    versions: async () => ['1'],
    async render({ files, path }) {
      const inside = [...files].filter(([name]) => name.startsWith(`${path}/`));
      return inside.map(([origin, { bytes }]) => ({ origin, text: Buffer.from(bytes).toString() }));
    },
  };
  const patcher = { versions: async () => ['5.8.2'], patch: async (text: string) => text };
  const maker = makeBundles({ renderers: [renderer, plain], patcher, store, files });
  const request = async (
    content: Record<string, string>,
    more: Partial<RenderRequest> = {},
    application = definition(', render: Kustomize'),
  ): Promise<RenderRequest> => {
    const revision = await memory.server.commit({ files: content });
    const tree = await memory.adapter.fetchRevision(memory.source({ path: 'deploy' }), { revision });
    const { inputs } = renderPlan(application, {
      environment: 'dev',
      cluster: { name: 'one', labels: {}, kubernetesVersion: 'v1.36.1' },
    });
    const pinned = {
      source: memory.source({ path: 'deploy' }),
      url,
      team: 'default',
      revision,
      digest: treeDigest(tree),
    };
    return {
      definition: application,
      sources: { main: pinned },
      renderer: { kustomize: '5.8.2' },
      inputs,
      kubernetesVersion: 'v1.36.1',
      team,
      ...more,
    };
  };
  return { maker, store, renders, request };
}

test('clusters with equal inputs share one render, which is run twice to prove it', async () => {
  const { maker, renders, request, store } = setUp();
  const asked = await request({ 'deploy/a.yaml': configMap('a') });
  const digests = await Promise.all([
    maker.bundleFor(asked),
    maker.bundleFor(asked),
    maker.bundleFor({ ...asked, kubernetesVersion: 'v1.35.0' }),
  ]);
  expect(new Set(digests).size).toBe(1);
  expect(renders).toHaveLength(2);
  expect(await store.missingBlobs([digests[0]])).toEqual([]);
});

test('a release whose renders differ is refused, with the object', async () => {
  const { maker, request } = setUp({ noise: true });
  await expect(maker.bundleFor(await request({ 'deploy/a.yaml': configMap('a') }))).rejects.toMatchObject({
    reason: 'NotReproducible',
    subject: { object: '/ConfigMap//a' },
  });
});

test('an empty render is refused, and nothing is written', async () => {
  const { maker, request, store } = setUp();
  await expect(maker.bundleFor(await request({ 'deploy/a.yaml': '# nothing\n' }))).rejects.toMatchObject({
    reason: 'RenderEmpty',
    subject: { application: 'default/web' },
  });
  expect((await store.facts('bundle:')).size).toBe(0);
});

test('files that do not have the pinned digest are refused', async () => {
  const { maker, request } = setUp();
  const asked = await request({ 'deploy/a.yaml': configMap('a') });
  const main = {
    ...asked.sources['main'],
    digest: `sha256:${'0'.repeat(64)}` as Digest,
  } as RenderRequest['sources'][string];
  await expect(maker.bundleFor({ ...asked, sources: { main } })).rejects.toMatchObject({ reason: 'DigestMismatch' });
});

test('a kind that the team may not use is refused, with the object', async () => {
  const { maker, request } = setUp();
  const asked = await request(
    { 'deploy/a.yaml': 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: a }\n' },
    { team: { ...team, denyKinds: ['ClusterRole'] } },
  );
  await expect(maker.bundleFor(asked)).rejects.toMatchObject({
    reason: 'TeamForbids',
    subject: { object: 'ClusterRole a' },
  });
});

test('a rule of health that no agent could read is refused, with its place', async () => {
  const { maker, request, store } = setUp();
  const rule = ', render: Kustomize, health: [{ target: { kind: ConfigMap }, healthy: "object.data.ready ==" }]';
  const asked = await request({ 'deploy/a.yaml': configMap('a') }, {}, definition(rule));
  await expect(maker.bundleFor(asked)).rejects.toMatchObject({
    reason: 'InvalidDocument',
    subject: { application: 'default/web', field: 'health[0].healthy' },
    message: expect.stringContaining('it is no CEL expression') as string,
  });
  expect((await store.facts('bundle:')).size).toBe(0);
});

test('a patch that no object takes is refused', async () => {
  const { maker, request } = setUp();
  const asked = await request({ 'deploy/a.yaml': configMap('a') });
  const patches: Patch[] = [{ target: { kind: 'Deployment', name: 'b' }, patch: { spec: {} } }];
  await expect(maker.bundleFor({ ...asked, inputs: { ...asked.inputs, patches } })).rejects.toMatchObject({
    reason: 'RenderFailed',
    message: expect.stringContaining('kind Deployment, name b') as string,
  });
});

const job = 'apiVersion: batch/v1\nkind: Job\nmetadata: { name: verify }\n';

/** The render of a folder of plain manifests beside an application that kustomize renders. */
async function verify(content: string): Promise<{ digest: string; index: string }> {
  const { maker, store, request } = setUp();
  const own = verificationDefinition(
    definition(', render: Kustomize, patches: [{ target: { kind: Deployment }, patch: {} }]'),
    'deploy/verify',
  );
  const files = { 'deploy/kustomization.yaml': configMap('web'), 'deploy/verify/job.yaml': content };
  const asked = await request(files, {}, own);
  const digest = await maker.bundleFor({ ...asked, definition: asVerification(own) });
  const [index] = await store.blobs([digest]);
  return { digest, index: new TextDecoder().decode(index?.data) };
}

test('a verification is a bundle of its own, of its folder alone, whatever renders the application', async () => {
  const { index } = await verify(job);
  expect(JSON.parse(index)).toMatchObject({
    application: 'default/web.verification',
    namespace: 'default',
    sync: { adopt: 'Refuse', prune: true },
    objects: [{ key: { kind: 'Job', name: 'verify' } }],
  });
});

test.each([
  ['no Job', configMap('only'), 'it holds no Job'],
  [
    'a Job that is left alone',
    job.replace('{ name: verify }', '{ name: verify, annotations: { fairlead.dev/apply: Ignore } }'),
    'it holds no Job',
  ],
  [
    'a Job that stays',
    job.replace('{ name: verify }', '{ name: verify, annotations: { fairlead.dev/prune: Orphan } }'),
    'batch/Job//verify would stay',
  ],
  [
    'what is protected',
    `${job}---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\n`,
    'data would stay when the Job is over',
  ],
])('nothing is verified by a folder with %s', async (_what, content, wanted) => {
  await expect(verify(content)).rejects.toThrow(wanted);
});
