import {
  applicationId,
  type ApplicationStatus,
  type ClusterName,
  type CommitSha,
  type DesiredEntry,
  type Digest,
  type KubeObject,
} from '@fairlead/core/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildBundle, type BundleParts } from './build.ts';
import { desiredRoot, headBytes, parseHead, statusDigest } from './desired.ts';
import { objectDigest, sha256, trackingId, treeDigest } from './digest.ts';

const application = applicationId('web', 'podinfo');
const digest = sha256('');
const commit = '7'.repeat(40) as CommitSha;

function object(kind: string, name: string, metadata: Record<string, unknown> = {}): KubeObject {
  return { apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1', kind, metadata: { name, ...metadata } };
}

function parts(...objects: KubeObject[]): BundleParts {
  const sync = { prune: true, drift: 'Correct', conflicts: 'Override', adopt: 'Release' } as const;
  return { application, namespace: 'podinfo', serviceAccount: 'fairlead-web', sync, ignore: [], health: [], objects };
}

describe('a bundle', () => {
  it('does not depend on the order in which a render writes its objects', () => {
    const objects = ['a', 'b', 'c', 'd'].flatMap((name, at) => [
      object('ConfigMap', name, { annotations: { 'fairlead.dev/stage': String(at - 1) } }),
      object('Service', name, { namespace: 'other' }),
    ]);
    const { digest: wanted } = buildBundle(parts(...objects));
    fc.assert(
      fc.property(fc.shuffledSubarray(objects, { minLength: objects.length }), (shuffled) => {
        expect(buildBundle(parts(...shuffled)).digest).toBe(wanted);
      }),
    );
  });

  it('reads the stage, or a sync wave where there is none', () => {
    const wave = { 'argocd.argoproj.io/sync-wave': '-5' };
    const objects = [
      object('ConfigMap', 'both', { annotations: { ...wave, 'fairlead.dev/stage': '3' } }),
      object('ConfigMap', 'wave', { annotations: wave }),
      object('ConfigMap', 'none'),
    ];
    const { index } = buildBundle(parts(...objects));
    expect(index.objects.map(({ key, stage }) => [key.name, stage])).toEqual([
      ['wave', -5],
      ['none', 0],
      ['both', 3],
    ]);
  });

  it('says what the annotations of its objects ask for, and nothing where they ask for nothing', () => {
    const asking = (annotations: Record<string, string>) => ({ annotations });
    const { index } = buildBundle(
      parts(
        object('ConfigMap', 'a', asking({ 'fairlead.dev/apply': 'CreateOnly' })),
        object('ConfigMap', 'b', asking({ 'fairlead.dev/apply': 'Recreate', 'fairlead.dev/prune': 'Orphan' })),
        object('ConfigMap', 'c', asking({ 'fairlead.dev/apply': 'Ignore' })),
        object('ConfigMap', 'd'),
        { ...object('Job', 'e', asking({ 'fairlead.dev/run': 'once' })), apiVersion: 'batch/v1' },
      ),
    );
    expect(index.objects.map(({ key: _key, digest: _digest, ...orders }) => orders)).toEqual([
      { stage: 0, apply: 'CreateOnly' },
      { stage: 0, apply: 'Recreate', prune: 'Orphan' },
      { stage: 0, apply: 'Ignore' },
      { stage: 0 },
      { stage: 0, run: 'once' },
    ]);
  });

  it('is sorted by stage and then key, and holds a blob for each object', () => {
    const late = object('ConfigMap', 'a', { annotations: { 'fairlead.dev/stage': '2' } });
    const early = object('ConfigMap', 'z', { annotations: { 'fairlead.dev/stage': '-1' } });
    const {
      index,
      indexBytes,
      digest: name,
      blobs,
    } = buildBundle(parts(late, object('Service', 'b'), object('Deployment', 'a'), early, object('ConfigMap', 'b')));
    expect(index.objects.map(({ key, stage }) => [stage, key.kind, key.name])).toEqual([
      [-1, 'ConfigMap', 'z'],
      [0, 'ConfigMap', 'b'],
      [0, 'Service', 'b'],
      [0, 'Deployment', 'a'],
      [2, 'ConfigMap', 'a'],
    ]);
    expect(sha256(indexBytes)).toBe(name);
    for (const one of index.objects) expect(sha256(blobs.get(one.digest) ?? '')).toBe(one.digest);
    expect(blobs.size).toBe(5);
  });

  it('changes its digest with whatever changes what a cluster does', () => {
    const base = parts(object('ConfigMap', 'a'));
    const variants: BundleParts[] = [
      base,
      { ...base, namespace: 'other' },
      { ...base, serviceAccount: 'other' },
      { ...base, sync: { ...base.sync, prune: false } },
      { ...base, ignore: [{ target: { kind: 'ConfigMap' }, pointers: ['/data'] }] },
      { ...base, health: [{ target: { kind: 'ConfigMap' }, healthy: 'true' }] },
      { ...base, objects: [object('ConfigMap', 'a', { labels: { a: 'b' } })] },
    ];
    expect(new Set(variants.map((variant) => buildBundle(variant).digest)).size).toBe(variants.length);
  });

  it('does not change with what a server wrote into a manifest', () => {
    const live = { ...object('ConfigMap', 'a', { uid: '1', resourceVersion: '2', managedFields: [] }), status: {} };
    expect(objectDigest(live)).toBe(objectDigest(object('ConfigMap', 'a')));
  });

  it.each([
    ['nothing at all', [], 'RenderEmpty', 'an empty render never deletes'],
    [
      'an object without a name',
      [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }],
      'InvalidManifest',
      'ConfigMap of web/podinfo: it has no metadata.name',
    ],
    [
      'a generated name',
      [{ apiVersion: 'batch/v1', kind: 'Job', metadata: { generateName: 'a-' } }],
      'InvalidManifest',
      'A generated name cannot be kept in step with git',
    ],
    [
      'a stage that is no number',
      [object('ConfigMap', 'a', { annotations: { 'fairlead.dev/stage': 'late' } })],
      'InvalidManifest',
      'its annotation fairlead.dev/stage is "late"',
    ],
    [
      'a way to apply that nobody knows',
      [object('ConfigMap', 'a', { annotations: { 'fairlead.dev/apply': 'createOnly' } })],
      'InvalidManifest',
      'ConfigMap/a of web/podinfo: its annotation fairlead.dev/apply is "createOnly". Write CreateOnly, Ignore, Recreate',
    ],
    [
      'another word about its end',
      [object('ConfigMap', 'a', { annotations: { 'fairlead.dev/prune': 'false' } })],
      'InvalidManifest',
      'its annotation fairlead.dev/prune is "false". Write Orphan',
    ],
    [
      'a run of what never ends',
      [object('Deployment', 'a', { annotations: { 'fairlead.dev/run': 'once' } })],
      'InvalidManifest',
      'Only a Job or a Pod runs to an end',
    ],
    [
      'two words that contradict each other',
      [object('Pod', 'a', { annotations: { 'fairlead.dev/run': 'once', 'fairlead.dev/apply': 'CreateOnly' } })],
      'InvalidManifest',
      'its annotation fairlead.dev/apply is "CreateOnly". Beside fairlead.dev/run',
    ],
    [
      'an object twice',
      [object('ConfigMap', 'a'), object('ConfigMap', 'a')],
      'DuplicateObject',
      'holds /ConfigMap//a twice',
    ],
    [
      'an object twice, once with the default namespace',
      [object('ConfigMap', 'a'), object('ConfigMap', 'a', { namespace: 'podinfo' })],
      'DuplicateObject',
      '/ConfigMap/podinfo/a twice',
    ],
  ] as const)('is refused for %s', (...[, objects, reason, message]) => {
    expect(() => buildBundle(parts(...(objects as readonly KubeObject[])))).toThrow(
      expect.objectContaining({ reason, message: expect.stringContaining(message) }),
    );
  });
});

describe('the digest of files', () => {
  const bytes = fc.uint8Array({ maxLength: 8 });
  const tree = fc.dictionary(fc.string({ minLength: 1 }), fc.record({ bytes, executable: fc.boolean() }), {
    minKeys: 1,
    maxKeys: 5,
  });

  it('does not depend on their order, and does on path, content and executable bit', () => {
    fc.assert(
      fc.property(tree, (files) => {
        const entries = Object.entries(files);
        const given = treeDigest(new Map(entries));
        expect(treeDigest(new Map(entries.reverse()))).toBe(given);
        const [[path, file] = ['', { bytes: new Uint8Array(), executable: false }], ...rest] = entries;
        expect(treeDigest(new Map([...rest, [`${path}x`, file]]))).not.toBe(given);
        expect(treeDigest(new Map([...rest, [path, { ...file, executable: !file.executable }]]))).not.toBe(given);
        expect(treeDigest(new Map([...rest, [path, { ...file, bytes: Uint8Array.of(...file.bytes, 0) }]]))).not.toBe(
          given,
        );
      }),
    );
  });
});

describe('what hub and agent say of a cluster', () => {
  const entry = (name: string): DesiredEntry => ({
    application: applicationId('web', name),
    environment: 'prod',
    release: digest,
    version: '1',
    bundle: digest,
    attempt: commit,
    team: { namespaces: [], allowKinds: [], denyKinds: [] },
    acknowledged: {},
  });

  it('has a root that follows from entries and tombstones in any order, and from nothing less', () => {
    const tombstones = [{ application, commit, acknowledged: {} }];
    const root = desiredRoot({ entries: [entry('a'), entry('b')], tombstones });
    expect(desiredRoot({ entries: [entry('b'), entry('a')], tombstones })).toBe(root);
    expect(desiredRoot({ entries: [entry('a')], tombstones })).not.toBe(root);
    expect(desiredRoot({ entries: [entry('a'), entry('b')], tombstones: [] })).not.toBe(root);
    expect(
      desiredRoot({ entries: [entry('a'), { ...entry('b'), acknowledged: { '/Namespace//a': commit } }], tombstones }),
    ).not.toBe(root);
  });

  it('has a head that is read as it was written, and nothing else is', () => {
    const cluster = 'shop-1' as ClusterName;
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (epoch, generation) => {
        const head = { cluster, position: { epoch, generation }, root: digest };
        expect(parseHead(headBytes(head))).toEqual(head);
      }),
    );
    const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    const head = { cluster, position: { epoch: 1, generation: 1 }, root: digest };
    for (const wrong of [
      null,
      [],
      {},
      { ...head, more: 1 },
      { ...head, root: 'x' },
      { ...head, position: { epoch: -1, generation: 1 } },
      { ...head, cluster: '../x' },
    ]) {
      expect(() => parseHead(bytes(wrong))).toThrow(expect.objectContaining({ reason: 'SignatureInvalid' }));
    }
  });

  it('has a status digest that does not grow with time', () => {
    const status: ApplicationStatus = {
      application,
      release: digest,
      bundle: digest,
      attempt: commit,
      sync: 'InSync',
      health: 'Healthy',
      drift: 'None',
      reason: 'Current',
      message: '',
      objects: 1,
      healthyObjects: 1,
      problems: [],
    };
    const other = { ...status, application: applicationId('web', 'other') };
    const wanted = statusDigest([status, other]);
    expect(statusDigest([other, { ...status, healthyForMs: 5 }])).toBe(wanted);
    expect(statusDigest([status, { ...other, health: 'Degraded' }])).not.toBe(wanted);
  });

  it('tracks an application by sixteen hex digits of its name', () => {
    const wanted: string = sha256('web/podinfo').slice(7, 23);
    expect(trackingId(application)).toBe(wanted);
    expect(trackingId('web/other' as typeof application)).not.toBe(wanted);
    const empty: Digest = sha256(new Uint8Array());
    expect(empty).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});
