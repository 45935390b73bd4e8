import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import { expectedObjects, fleetFixture, readTree, resourcesOf, type Fleet } from '@fairlead/testkit/fleet';
import { type ControlPlane, readAudit, until } from '@fairlead/testkit/kube';
import { documents } from './documents.ts';
import { entryText, isOfApplications, markAudit, untilPlacement, untilQuiet, type Placement } from './observe.ts';

const corpus = join(import.meta.dirname, '../../../shared/corpus');
const missing = existsSync(corpus) ? '' : ' (skipped: the folder ../shared/corpus is not beside this checkout)';

/** How a folder of the corpus is made an application. */
interface Case {
  readonly folder: string;
  readonly path?: string;
  readonly namespace?: string;
  readonly objects: number;
  /** Components per environment; each is an environment, and a cluster, that it walks through. */
  readonly environments: Readonly<Record<string, readonly string[]>>;
  /** Objects that cannot be healthy without real containers, with the reason that is shown. */
  readonly unhealthy: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  { folder: 'podinfo', namespace: 'podinfo', objects: 3, environments: { dev: [] }, unhealthy: {} },
  {
    folder: 'online-boutique',
    namespace: 'boutique',
    objects: 35,
    environments: { dev: [], prod: ['components/network-policies', 'components/without-loadgenerator'] },
    unhealthy: {},
  },
  {
    folder: 'metrics-server',
    path: 'overlays/release',
    objects: 9,
    environments: { dev: [] },
    // Nothing answers behind the Service: there are no containers.
    unhealthy: { 'apiregistration.k8s.io/APIService//v1beta1.metrics.k8s.io': 'ReconcileInProgress' },
  },
  {
    folder: 'ingress-nginx',
    objects: 19,
    environments: { dev: [] },
    // A Job that really ran would have written the authority into the webhook.
    unhealthy: {
      'admissionregistration.k8s.io/ValidatingWebhookConfiguration//ingress-nginx-admission': 'CaBundleMissing',
    },
  },
  { folder: 'prometheus-operator', objects: 16, environments: { dev: [] }, unhealthy: {} },
];

const fleetDocuments = documents(
  { kind: 'Fleet', name: 'corpus' },
  { kind: 'Environment', name: 'dev', spec: { clusters: { matchLabels: { env: 'dev' } } } },
  { kind: 'Environment', name: 'prod', spec: { clusters: { matchLabels: { env: 'prod' } } } },
);

let fleet: Fleet;

function applicationOf(one: Case): string {
  const environments = Object.entries(one.environments);
  return documents({
    kind: 'Application',
    name: one.folder,
    spec: {
      source: { git: { url: fleet.git.urlOf(one.folder), root: '.', path: one.path ?? '.' } },
      ...(one.namespace === undefined ? {} : { namespace: one.namespace }),
      overrides: environments
        .filter(([, components]) => components.length > 0)
        .map(([environment, components]) => ({ environment, components })),
      pipeline: environments.map(([environment]) => ({ environment })),
    },
  });
}

/** True for objects that end by their own rule: their absence later is no fault. */
function endsByItself(object: KubeObject): boolean {
  const { ttlSecondsAfterFinished } = (object['spec'] ?? {}) as { ttlSecondsAfterFinished?: number };
  return object.kind === 'Job' && ttlSecondsAfterFinished !== undefined;
}

async function expectEveryObject(plane: ControlPlane, one: Case, objects: readonly KubeObject[]): Promise<void> {
  const resources = resourcesOf(plane);
  const namespace = one.namespace ?? 'default';
  for (const object of objects) {
    const path = await resources.pathOf(object, namespace);
    const applied = await readAudit(plane.auditLogPath, {
      where: (entry) => entry.verb === 'patch' && entry.requestUri.startsWith(`${path}?`) && entry.code < 300,
    });
    expect(applied, `${path} was applied`).not.toHaveLength(0);
    expect(applied[0]?.impersonatedUser).toBe('system:serviceaccount:fairlead-system:fairlead-applier');
    if (endsByItself(object)) expect(applied, `${path} was made once`).toHaveLength(1);
    else expect(await resources.live(object, namespace), `${path} is there`).toBeDefined();
  }
}

function expectReasons(placement: Placement, one: Case): void {
  const shown = Object.fromEntries(placement.problems.map(({ object, reason }) => [object, reason]));
  expect(shown).toEqual(one.unhealthy);
  expect(placement.problems.every(({ message }) => message.length > 0)).toBe(true);
}

/** A commit that changes the source and nothing that is rendered: a new release with the bundle that runs. */
async function secondPass(one: Case, application: string): Promise<void> {
  const names = Object.keys(one.environments);
  const planes = names.map((name) => fleet.member(name).plane);
  await Promise.all(planes.map(untilQuiet));
  const marks = await Promise.all(planes.map(markAudit));
  const before = await untilPlacement(fleet, { cluster: 'dev', application, what: 'there', is: () => true });
  await fleet.push(one.folder, { files: { 'NOTES.txt': 'Nothing that is rendered.\n' }, message: 'Add notes' });
  for (const cluster of names) {
    await untilPlacement(fleet, {
      cluster,
      application,
      what: 'in sync on the second release',
      is: ({ release, sync }) => release !== before.release && sync === 'InSync',
    });
  }
  await Promise.all(planes.map(untilQuiet));
  for (const mark of marks) expect((await mark.since(isOfApplications)).map(entryText)).toEqual([]);
}

const protectedKinds = ['Namespace', 'CustomResourceDefinition', 'PersistentVolumeClaim', 'PersistentVolume'];

function groupOf({ apiVersion }: KubeObject): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** Without a word in git, objects of protected kinds stay, and are told. */
async function expectProtected(
  one: Case,
  { application, kept }: { application: string; kept: readonly KubeObject[] },
): Promise<void> {
  for (const cluster of Object.keys(one.environments)) {
    await untilPlacement(fleet, {
      cluster,
      application,
      what: 'waiting for a word on what is protected',
      is: (placement) => JSON.stringify(placement).includes('ObjectProtected'),
    });
    const resources = resourcesOf(fleet.member(cluster).plane);
    for (const object of kept)
      expect(
        (await resources.live(object, 'default'))?.metadata.deletionTimestamp,
        `${object.kind} ${object.metadata.name} stays`,
      ).toBeUndefined();
  }
}

async function remove(
  one: Case,
  { application, objects }: { application: string; objects: readonly KubeObject[] },
): Promise<void> {
  const names = Object.keys(one.environments);
  const commit = await fleet.push('fleet', {
    files: { [`applications/${one.folder}.yaml`]: null },
    message: `Remove ${one.folder}`,
  });
  if (names.length > 1) await fleet.hub.client.call('acknowledge', { body: { kind: 'Removal', subject: commit } });
  const kept = objects.filter(({ kind }) => protectedKinds.includes(kind));
  if (kept.length > 0) await expectProtected(one, { application, kept });
  for (const object of kept) {
    const key = `${groupOf(object)}/${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    for (const environment of names) {
      const subject = `${environment}/${application} ${key}`;
      await fleet.hub.client.call('acknowledge', { body: { kind: 'Protected', subject } });
    }
  }
  for (const name of names) {
    const { plane } = fleet.member(name);
    const made = one.namespace === undefined ? [] : [`Namespace /${one.namespace}`];
    await until(
      async () => {
        const left = await resourcesOf(plane).labelled('fairlead.dev/application');
        if (left.every((object) => made.includes(object))) return true;
        throw new Error(left.join(', '));
      },
      { what: `nothing of ${one.folder} to be left in ${name}`, timeoutMs: 120_000, pollMs: 250 },
    );
    if (one.namespace !== undefined)
      expect((await plane.api.get(`/api/v1/namespaces/${one.namespace}`)).status.phase).toBe('Active');
  }
}

describe.skipIf(missing !== '')(`published manifests, one folder at a time${missing}`, () => {
  beforeAll(async () => {
    const cluster = { controllers: true, kwok: true };
    fleet = await fleetFixture({
      clusters: [
        { name: 'dev', labels: { env: 'dev' }, ...cluster },
        { name: 'prod', labels: { env: 'prod' }, ...cluster },
      ],
      repositories: { fleet: () => ({ 'fairlead.yaml': fleetDocuments }) },
    });
  });
  afterAll(() => fleet?.stop());

  test.each(cases)('$folder is applied whole, left alone, and removed without a trace', async (one) => {
    const application = `default/${one.folder}`;
    const folder = join(corpus, one.folder);
    await fleet.git.createRepository(one.folder);
    await fleet.git.commit(one.folder, { files: await readTree(folder), message: 'Begin' });
    await fleet.push('fleet', {
      files: { [`applications/${one.folder}.yaml`]: applicationOf(one) },
      message: `Add ${one.folder}`,
    });
    const all: KubeObject[] = [];
    for (const [cluster, components] of Object.entries(one.environments)) {
      const objects = await expectedObjects({ folder: join(folder, one.path ?? '.'), components });
      if (components.length === 0) expect(objects).toHaveLength(one.objects);
      const settled = await untilPlacement(fleet, {
        cluster,
        application,
        what: 'in sync, with nothing unhealthy that could be healthy',
        is: ({ sync, problems }) => sync === 'InSync' && problems.length === Object.keys(one.unhealthy).length,
      });
      expect(settled.objects).toBe(objects.length);
      expectReasons(settled, one);
      await expectEveryObject(fleet.member(cluster).plane, one, objects);
      all.push(...objects);
    }
    await secondPass(one, application);
    await remove(one, { application, objects: all });
  });
});
