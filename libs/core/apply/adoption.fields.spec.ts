import { describe, expect, it } from 'vitest';
import type { JsonObject, KubeObject, ManagedFieldsEntry } from '@fairlead/core/model';
import { isClientSide, otherOwnerOf, takeOver } from './index.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const marked = { 'f:metadata': { 'f:annotations': { [`f:${annotation}`]: {} } } };
const entry = (manager: string, fieldsV1: JsonObject, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  apiVersion: 'v1',
  fieldsV1,
  ...more,
});
const object = (managedFields: ManagedFieldsEntry[], config?: object | string): KubeObject => {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  const annotations = config === undefined ? {} : { annotations: { [annotation]: text } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', managedFields, ...annotations } };
};
const shown = (entries: readonly ManagedFieldsEntry[] | undefined) =>
  entries?.map(({ manager, operation, fieldsV1 }) => [manager, operation, fieldsV1]);

describe('what kubectl applied', () => {
  it('becomes ours, with its annotation, and is joined with what is ours already', () => {
    const kubectl = entry('kubectl-client-side-apply', { ...marked, 'f:data': { '.': {}, 'f:old': {}, 'f:both': {} } });
    const ours = entry('fairlead', { 'f:data': { 'f:both': {}, 'f:new': {} } }, { operation: 'Apply', time: 't' });
    const taken = takeOver(object([kubectl, ours]), 'fairlead');
    expect(taken).toEqual([
      { ...ours, fieldsV1: { ...marked, 'f:data': { '.': {}, 'f:old': {}, 'f:both': {}, 'f:new': {} } } },
    ]);
    expect(shown(takeOver(object([kubectl]), 'fairlead'))).toEqual([['fairlead', 'Apply', kubectl.fieldsV1]]);
  });

  it('is told from the rest that an object had before the server kept track by what kubectl remembers', () => {
    const before = entry('before-first-apply', {
      ...marked,
      'f:spec': {
        'f:replicas': {},
        'f:type': {},
        'f:ports': {
          '.': {},
          'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:nodePort': {} },
          'k:{"port":81}': { 'f:name': {} },
        },
        'f:finalizers': { 'v:"a"': {}, 'v:"b"': {} },
      },
    });
    const config = { spec: { type: 'NodePort', ports: [{ port: 80, name: 'web' }], finalizers: ['a'] } };
    expect(shown(takeOver(object([before], config), 'fairlead'))).toEqual([
      [
        'fairlead',
        'Apply',
        {
          ...marked,
          'f:spec': {
            'f:type': {},
            'f:ports': { '.': {}, 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } },
            'f:finalizers': { 'v:"a"': {} },
          },
        },
      ],
      [
        'before-first-apply',
        'Update',
        {
          'f:spec': {
            'f:replicas': {},
            'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { 'f:nodePort': {} }, 'k:{"port":81}': { 'f:name': {} } },
            'f:finalizers': { 'v:"b"': {} },
          },
        },
      ],
    ]);
  });

  it.each<[string, KubeObject]>([
    ['of what another hand wrote', object([entry('people', { 'f:data': { 'f:a': {} } })], { data: { a: '1' } })],
    [
      'of what kubectl applied on the server',
      object([entry('kubectl', { 'f:data': { 'f:a': {} } }, { operation: 'Apply' })], { data: { a: '1' } }),
    ],
    ['of a subresource', object([entry('kubectl-client-side-apply', { 'f:status': {} }, { subresource: 'status' })])],
    ['where nothing says what was applied', object([entry('before-first-apply', { 'f:data': { 'f:a': {} } })])],
    ['where that cannot be read', object([entry('before-first-apply', { 'f:data': { 'f:a': {} } })], '{')],
    ['where it is no object', object([entry('kubectl', { 'f:data': { 'f:a': {} } })], '[1]')],
    ['where nobody keeps track', object([])],
  ])('is nothing %s', (_what, from) => {
    expect(takeOver(from, 'fairlead')).toBeUndefined();
  });

  it('is known by its field managers', () => {
    expect(
      ['kubectl-client-side-apply', 'before-first-apply', 'kubectl', 'kubectl-edit', 'helm'].filter(isClientSide),
    ).toHaveLength(3);
  });
});

describe('another owner', () => {
  const of = (metadata: Partial<KubeObject['metadata']>) =>
    otherOwnerOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata } });
  const fluxLabels = (tool: string) => ({
    [`${tool}.toolkit.fluxcd.io/name`]: 'n',
    [`${tool}.toolkit.fluxcd.io/namespace`]: 'f',
  });

  it.each<[string | undefined, Partial<KubeObject['metadata']>]>([
    [
      'the Helm release shop/web',
      { annotations: { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'shop' } },
    ],
    ['the Flux Kustomization f/n', { labels: fluxLabels('kustomize') }],
    // Flux's Helm controller leaves Helm's marks as well.
    ['the Flux HelmRelease f/n', { labels: fluxLabels('helm'), annotations: { 'meta.helm.sh/release-name': 'web' } }],
    [
      'the Argo CD application web',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'web:apps/Deployment:shop/a' } },
    ],
    ['the Argo CD application web', { labels: { 'argocd.argoproj.io/instance': 'web' } }],
    [
      'its controller ReplicaSet r',
      { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }] },
    ],
    // Charts carry this label wherever they are rendered.
    [undefined, { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }],
    [undefined, {}],
  ])('is %s', (owner, metadata) => {
    expect(of(metadata)).toBe(owner);
  });
});
