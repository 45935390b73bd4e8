import {
  keyOf,
  parseKey,
  planAnswer,
  treeAnswer,
  type ApplicationId,
  type Digest,
  type KubeObject,
  type PlanAnswer,
} from '@fairlead/core/model';
import { readAudit, type ControlPlane } from '@fairlead/testkit/kube';
import { startSoleAgentPlace, type SoleAgentPlace, type SoleHub } from '@fairlead/testkit/soleAgent';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const web = 'web/shop' as ApplicationId;
const waits = { timeout: 20_000, interval: 10 };
const password = 'a-word-that-stays-here';

let place: SoleAgentPlace;
let plane: ControlPlane;
let releases = 0;

beforeAll(async () => {
  place = await startSoleAgentPlace({ name: 'asked' });
  ({ plane } = place);
});
afterAll(() => place?.stop());

/** Runs with an application that is in sync. */
async function running(
  { objects, drift = 'Correct' }: { objects: readonly KubeObject[]; drift?: 'Correct' | 'Report' },
  work: (hub: SoleHub) => Promise<void>,
): Promise<void> {
  const hub = place.hub();
  // The agent begins with what it ran in the test before.
  releases += 1;
  const release = `sha256:${String(releases).padStart(64, '0')}` as Digest;
  await place.withAgent(hub, async () => {
    await hub.want({ applications: { [web]: { objects, sync: { drift }, entry: { release } } } });
    await vi.waitFor(() => expect(hub.statuses.get(web)).toMatchObject({ sync: 'InSync', release }), waits);
    await work(hub);
  });
}

const named = (kind: string, name: string, more: object, apiVersion = 'v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name },
  ...more,
});
const settings = (greeting: string): KubeObject => named('ConfigMap', 'settings', { data: { greeting } });
const login = named('Secret', 'login', { stringData: { password } });
const labels = { app: 'web' };
const deployment = (cpu: string, selector: object = labels): KubeObject =>
  named(
    'Deployment',
    'web',
    {
      spec: {
        replicas: 0,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: selector },
          spec: { containers: [{ name: 'main', image: 'example/web:1', resources: { limits: { cpu } } }] },
        },
      },
    },
    'apps/v1',
  );

const definition = (kind: string): KubeObject => {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const versions = [{ name: 'v1', served: true, storage: true, schema }];
  const spec = { group: 'boats.example.com', scope: 'Namespaced', names: { kind, plural }, versions };
  return named('CustomResourceDefinition', `${plural}.boats.example.com`, { spec }, 'apiextensions.k8s.io/v1');
};

const plan = async (hub: SoleHub, objects: readonly KubeObject[], serviceAccount?: string): Promise<PlanAnswer> =>
  planAnswer.parse(JSON.parse(await hub.plan(web, { objects, ...(serviceAccount && { serviceAccount }) })));
const actions = ({ objects }: PlanAnswer) => objects.map(({ object, action, reason }) => [action, object, reason]);

describe('an agent that is asked, on a real API server, with the rights of its install manifest', () => {
  it('says no word of a Secret, whatever is asked, and however people wrote it', async () => {
    await running({ objects: [login, settings('hello')], drift: 'Report' }, async (hub) => {
      const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
      const annotations = { [annotation]: JSON.stringify({ stringData: { password } }), note: `token=${password}` };
      await plane.api.merge('/api/v1/namespaces/shop/secrets/login', {
        metadata: { annotations },
        stringData: { password: `${password}-changed`, more: password },
      });
      const key = parseKey('/Secret/shop/login') ?? keyOf(login);
      const answers = [
        await hub.query({ kind: 'Tree', application: web }),
        await hub.query({ kind: 'Object', application: web, key }),
        await hub.query({ kind: 'Diff', application: web, key }),
        await hub.query({ kind: 'Diff', application: web }),
        await hub.query({ kind: 'Events', application: web }),
        await hub.plan(web, { objects: [named('Secret', 'login', { stringData: { password: `${password}-next` } })] }),
        // What the API server refuses, it quotes.
        await hub.plan(web, { objects: [named('Secret', 'login', { data: { password } })] }),
      ];
      const encoded = Buffer.from(password).toString('base64').slice(0, -4);
      for (const answer of answers) for (const word of [password, encoded]) expect(answer).not.toContain(word);
      const { objects } = planAnswer.parse(JSON.parse(answers[2] ?? ''));
      expect(objects[0]?.fields.map(({ pointer }) => pointer)).toContain('/data/password');
    });
  });

  it("plans by the API server's own word, and writes nothing", async () => {
    await running({ objects: [deployment('1'), settings('hello'), login] }, async (hub) => {
      const seen = (await readAudit(plane.auditLogPath)).length;
      const same = await plan(hub, [deployment('1000m'), settings('hello'), login]);
      expect(same).toMatchObject({ counts: { unchanged: 3, change: 0, leave: 0 }, objects: [] });
      const next = await plan(hub, [
        deployment('1', { app: 'another' }),
        settings('good morning'),
        named('Namespace', 'new', {}),
        { ...settings('later'), metadata: { name: 'later', namespace: 'new' } },
        named('Boot', 'odd', {}, 'boots.example.com/v1'),
      ]);
      expect(actions(next)).toEqual(
        [
          ['Change', '/ConfigMap/shop/settings', undefined],
          ['Create', '/ConfigMap/new/later', undefined],
          ['Create', '/Namespace//new', undefined],
          ['Refused', 'apps/Deployment/shop/web', 'ApplyFailed'],
          ['Refused', 'boots.example.com/Boot//odd', 'KindUnknown'],
        ].sort((a, b) => ((a[1] ?? '') < (b[1] ?? '') ? -1 : 1)),
      );
      expect(next.leaves).toEqual([{ object: '/Secret/shop/login', action: 'Delete' }]);
      const forbidden = await plan(hub, [settings('by nobody')], 'fairlead-nobody');
      expect(actions(forbidden)).toEqual([['Refused', '/ConfigMap/shop/settings', 'Forbidden']]);
      const writes = (await readAudit(plane.auditLogPath))
        .slice(seen)
        .filter(({ verb, impersonatedUser }) => verb !== 'get' && verb !== 'list' && impersonatedUser !== undefined);
      expect(writes.length).toBeGreaterThan(0);
      expect(writes.filter(({ requestUri }) => !requestUri.includes('dryRun=All'))).toEqual([]);
    });
  });

  it('tells what is owned by resources of operators, which only the application may read', async () => {
    const boat = named('Boat', 'mary', { spec: {} }, 'boats.example.com/v1');
    await running({ objects: [definition('Boat'), definition('Sail'), boat] }, async (hub) => {
      const { metadata } = await plane.api.get('/apis/boats.example.com/v1/namespaces/shop/boats/mary');
      const ownerReferences = [{ apiVersion: 'boats.example.com/v1', kind: 'Boat', name: 'mary', uid: metadata.uid }];
      const sail = { apiVersion: 'boats.example.com/v1', kind: 'Sail', metadata: { name: 'main', ownerReferences } };
      await plane.api.create('/apis/boats.example.com/v1/namespaces/shop/sails', sail);
      const made = { ...settings('made'), metadata: { name: 'made', ownerReferences } };
      await plane.api.create('/api/v1/namespaces/shop/configmaps', made);
      const tree = treeAnswer.parse(JSON.parse(await hub.query({ kind: 'Tree', application: web })));
      expect(
        tree.objects.filter(({ object }) => !object.startsWith('apiext')).map(({ object, depth }) => [object, depth]),
      ).toEqual([
        ['boats.example.com/Boat/shop/mary', 0],
        ['/ConfigMap/shop/made', 1],
        ['boats.example.com/Sail/shop/main', 1],
      ]);
      expect(tree.notes).toEqual([]);
      const key = parseKey('boats.example.com/Sail/shop/main') ?? keyOf(boat);
      expect(JSON.parse(await hub.query({ kind: 'Object', application: web, key }))).toMatchObject({
        live: { kind: 'Sail', metadata: { name: 'main' } },
      });
    });
  });
});
