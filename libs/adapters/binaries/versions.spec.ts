import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type GoModule, pinnedVersions } from './versions.ts';

const modules = join(import.meta.dirname, '../../../tools/kube/modules');
const pinnedBy: Readonly<Record<GoModule, string>> = {
  kubernetes: 'k8s.io/kubernetes',
  etcd: 'go.etcd.io/etcd/server/v3',
  kwok: 'sigs.k8s.io/kwok',
  kustomize: 'sigs.k8s.io/kustomize/kustomize/v5',
  helm: 'helm.sh/helm/v4',
  nats: 'github.com/nats-io/nats-server/v2',
  compose: 'github.com/compose-spec/compose-go/v2',
};

test('the table has every module that is there, and no other', async () => {
  expect(Object.keys(pinnedVersions).sort()).toEqual((await readdir(modules)).sort());
});

test.each(Object.entries(pinnedVersions))('the version of %s is the one in its go.mod', async (module, version) => {
  const text = await readFile(join(modules, module, 'go.mod'), 'utf8');
  const path = pinnedBy[module as GoModule].replaceAll(/[./]/g, '\\$&');
  expect(new RegExp(`^(?:require )?\\s*${path} (v\\S+)`, 'm').exec(text)?.[1]).toBe(version);
});
