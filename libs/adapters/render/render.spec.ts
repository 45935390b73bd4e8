import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ensureBinary } from '@fairlead/adapters/binaries';
import type { FileTree } from '@fairlead/ports/source';
import { beforeAll, expect, test } from 'vitest';
import { helmRenderer, kustomizePatcher, kustomizeRenderer, plainRenderer, type Tool } from './index.ts';

let kustomize: Tool;
let helm: Tool;

beforeAll(async () => {
  kustomize = { version: '5.8.2', path: await ensureBinary('kustomize') };
  helm = { version: '4.3.1', path: await ensureBinary('helm') };
}, 600_000);

function tree(files: Record<string, string>): FileTree {
  return new Map(Object.entries(files).map(([path, text]) => [path, { bytes: Buffer.from(text), executable: false }]));
}

const input = {
  path: '.',
  components: [],
  values: {},
  releaseName: 'web',
  namespace: 'web',
  kubernetesVersion: 'v1.36.1',
};
const configMap = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { a: "1" }\n`;

test('plain: every manifest below the path comes with its file, in order', async () => {
  const files = tree({ 'deploy/b.yaml': 'b', 'deploy/a/c.json': 'c', 'deploy/README.md': 'no', 'other/x.yaml': 'x' });
  const texts = await plainRenderer().render({ ...input, files, path: 'deploy', version: '1' });
  expect(texts).toEqual([
    { origin: 'deploy/a/c.json', text: 'c' },
    { origin: 'deploy/b.yaml', text: 'b' },
  ]);
});

test('kustomize: builds the path and adds components over it', async () => {
  const files = tree({
    'base/kustomization.yaml': 'resources: [a.yaml]\nnamespace: shop\n',
    'base/a.yaml': configMap('a'),
    'components/extra/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [b.yaml]\n',
    'components/extra/b.yaml': configMap('b'),
  });
  const [rendered] = await kustomizeRenderer([kustomize]).render({
    ...input,
    files,
    path: 'base',
    components: ['components/extra'],
    version: '5.8.2',
  });
  expect(rendered?.text.match(/name: [ab]$/gm)).toEqual(['name: a', 'name: b']);
  expect(rendered?.text).toContain('namespace: shop');
});

test('kustomize: components that lie below the path are no cycle', async () => {
  const files = tree({
    'kustomization.yaml': 'resources: [a.yaml]\n',
    'a.yaml': configMap('a'),
    'components/extra/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [b.yaml]\n',
    'components/extra/b.yaml': configMap('b'),
  });
  const [rendered] = await kustomizeRenderer([kustomize]).render({
    ...input,
    files,
    path: '.',
    components: ['components/extra'],
    version: '5.8.2',
  });
  expect(rendered?.text.match(/name: [ab]$/gm)).toEqual(['name: a', 'name: b']);
});

test('kustomize: a remote base is refused, not fetched', async () => {
  const files = tree({ 'kustomization.yaml': 'resources: ["https://example.com/a.yaml"]\n' });
  await expect(kustomizeRenderer([kustomize]).render({ ...input, files, version: '5.8.2' })).rejects.toMatchObject({
    reason: 'RenderFailed',
  });
});

const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ndata: { x: aHVudGVyMg== }\n';

test.each([
  ['a patch that does not fit', { patches: [{ target: { kind: 'Secret' }, patch: '[{op: x, value: aHVudGVyMg==}]' }] }],
  [
    'a replacement inside a value',
    {
      replacements: [
        {
          source: { kind: 'Secret', fieldPath: 'data.x' },
          targets: [{ select: { kind: 'Secret' }, fieldPaths: ['data.x.y'] }],
        },
      ],
    },
  ],
  ['a literal without a key', { secretGenerator: [{ name: 'q', literals: ['aHVudGVyMg'] }] }],
])('kustomize: %s is told of without the values of Secrets', async (_name, more) => {
  const kustomization = JSON.stringify({ resources: ['s.yaml'], ...more });
  const failure = await kustomizeRenderer([kustomize])
    .render({ ...input, files: tree({ 'kustomization.yaml': kustomization, 's.yaml': secret }), version: '5.8.2' })
    .catch((thrown: unknown) => thrown as Error);
  expect(failure).toMatchObject({ reason: 'RenderFailed', message: expect.stringContaining('withheld') as string });
  expect((failure as Error).message).not.toContain('aHVudGVyMg');
});

test.each([
  ['as a resource', { 'kustomization.yaml': 'resources: ["URL/x.yaml"]\n' }],
  ['in escapes', { 'kustomization.yaml': 'resources: ["\\x68ttp://127.0.0.1:PORT/x.yaml"]\n' }],
  ['in a folder below', { 'kustomization.yaml': 'resources: [a]\n', 'a/kustomization.yaml': 'crds: [URL/crd]\n' }],
  [
    'in a generator',
    {
      'kustomization.yaml': 'generators: [g.yaml]\n',
      'g.yaml': 'apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: g }\nname: g\nfiles: ["a=URL/x"]\n',
    },
  ],
])('kustomize: nothing is fetched from the machine of the hub: %s', async (_name, texts) => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, answer) => {
    asked.push(request.url);
    answer.end(configMap('stolen'));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const files = Object.fromEntries(
    Object.entries(texts).map(([path, text]) => [
      path,
      text.replaceAll('URL', `http://localhost:${port}`).replaceAll('PORT', String(port)),
    ]),
  );
  const rendering = kustomizeRenderer([kustomize]).render({ ...input, files: tree(files), version: '5.8.2' });
  await expect(rendering).rejects.toMatchObject({ reason: 'RenderFailed' });
  expect(asked).toEqual([]);
  server.close();
});

test('kustomize: a broken kustomization names its file and not a folder of the hub', async () => {
  const files = tree({ 'deploy/kustomization.yaml': 'resources: [gone.yaml]\n' });
  const failure = await kustomizeRenderer([kustomize])
    .render({ ...input, files, path: 'deploy', version: '5.8.2' })
    .catch((thrown: unknown) => thrown as Error);
  expect((failure as Error).message).toMatch(/gone\.yaml.*Correct the files of the source/s);
  expect((failure as Error).message).not.toContain('/tmp');
});

test('helm: renders a chart with its CRDs, its values and the version of the cluster', async () => {
  const files = tree({
    'chart/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.2.3\n',
    'chart/values.yaml': 'greeting: hello\n',
    'chart/crds/crd.yaml':
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: things.example.com }\n',
    'chart/templates/a.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }} }\ndata: { greeting: "{{ .Values.greeting }}", kube: "{{ .Capabilities.KubeVersion.Version }}" }\n',
    'chart/templates/tests/t.yaml':
      'apiVersion: v1\nkind: Pod\nmetadata: { name: t, annotations: { "helm.sh/hook": test } }\n',
  });
  const [rendered] = await helmRenderer([helm]).render({
    ...input,
    files,
    path: 'chart',
    values: { greeting: 'hallo' },
    version: '4.3.1',
  });
  expect(rendered?.text).toContain('greeting: "hallo"');
  expect(rendered?.text).toContain('kube: "v1.36.1"');
  expect(rendered?.text).toContain('CustomResourceDefinition');
  expect(rendered?.text).not.toContain('kind: Pod');
});

test('a version that is not at hand is named beside those that are', async () => {
  const failing = async (): Promise<unknown> =>
    helmRenderer([helm]).render({ ...input, files: tree({}), version: '3.0.0' });
  await expect(failing()).rejects.toMatchObject({
    reason: 'RendererMissing',
    message: expect.stringContaining('this hub has 4.3.1') as string,
  });
});

test('patches: strategic merge by key and RFC 6902, names taken literally', async () => {
  const deployment = (name: string): string =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name} }\nspec: { replicas: 1, template: { spec: { containers: [{ name: web, image: a }, { name: side, image: b }] } } }\n`;
  const text = await kustomizePatcher([kustomize]).patch(`${deployment('a.b')}---\n${deployment('axb')}`, {
    version: '5.8.2',
    patches: [
      {
        target: { kind: 'Deployment', name: 'a.b' },
        patch: { spec: { template: { spec: { containers: [{ name: 'web', image: 'c' }] } } } },
      },
      { target: { kind: 'Deployment', name: 'axb' }, patch: [{ op: 'replace', path: '/spec/replicas', value: 3 }] },
    ],
  });
  const [first, second] = text.split('---\n');
  expect(first).toMatch(/image: c\n\s+name: web\n\s+- image: b/);
  expect(first).toContain('replicas: 1');
  expect(second).toContain('replicas: 3');
});
