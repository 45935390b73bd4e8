import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ApiFailure } from './apiClient.ts';
import { type ControlPlane, startControlPlane } from './controlPlane.ts';
import { until } from './until.ts';

let cluster: ControlPlane;

beforeAll(async () => {
  cluster = await startControlPlane({ name: 'stages', controllers: true, kwok: 2 });
});
afterAll(() => cluster?.stop());

function podTemplate(image: string): object {
  return { metadata: { labels: { app: 'app' } }, spec: { containers: [{ name: 'main', image }] } };
}

async function createDeployment(name: string, image: string): Promise<string> {
  const collection = '/apis/apps/v1/namespaces/default/deployments';
  const selector = { matchLabels: { app: 'app', name } };
  const template = { metadata: { labels: { app: 'app', name } }, spec: { containers: [{ name: 'main', image }] } };
  await cluster.api.create(collection, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas: 2, selector, template },
  });
  return `${collection}/${name}`;
}

async function createJob(name: string, image: string): Promise<string> {
  const collection = '/apis/batch/v1/namespaces/default/jobs';
  const spec = {
    backoffLimit: 0,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] } },
  };
  await cluster.api.create(collection, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec });
  return `${collection}/${name}`;
}

function waitingReasonOfPods(name: string): Promise<string[]> {
  return until(
    async () => {
      const pods = await cluster.api.get(`/api/v1/namespaces/default/pods?labelSelector=name%3D${name}`);
      const reasons = pods.items.map(
        (pod: { status: { containerStatuses?: { state: { waiting?: { reason: string } } }[] } }) =>
          pod.status.containerStatuses?.[0]?.state.waiting?.reason,
      );
      return reasons.length === 2 && reasons.every(Boolean) && reasons;
    },
    { what: `the pods of ${name} to wait` },
  );
}

async function hasCondition(path: string, type: string): Promise<boolean> {
  const live = await cluster.api.get(path);
  return (
    live.status?.conditions?.some(
      (condition: { type: string; status: string }) => condition.type === type && condition.status === 'True',
    ) ?? false
  );
}

test('a Deployment becomes available', async () => {
  const path = await createDeployment('web', 'registry.example.com:5000/web:1.0');
  await until(async () => (await cluster.api.get(path)).status?.availableReplicas === 2, {
    what: 'both replicas of web',
  });
  expect(await hasCondition(path, 'Available')).toBe(true);
});

test.each([
  ['web:broken', 'ImagePullBackOff'],
  ['web:1.1-broken', 'ImagePullBackOff'],
  ['web:1.1-crashing', 'CrashLoopBackOff'],
])('a Deployment of the image %s waits in %s and has no ready pod', async (image, reason) => {
  const name = image.replaceAll(/[:.]/g, '-');
  const path = await createDeployment(name, image);
  expect(await waitingReasonOfPods(name)).toEqual([reason, reason]);
  expect((await cluster.api.get(path)).status.readyReplicas).toBeUndefined();
  expect(await hasCondition(path, 'Available')).toBe(false);
});

test('a change of the image to a broken one and back is an ordinary rollout', async () => {
  const path = await createDeployment('turning', 'web:1.0');
  const image = (value: string): object => ({
    spec: { template: { spec: { containers: [{ name: 'main', image: value }] } } },
  });
  await until(async () => (await cluster.api.get(path)).status?.availableReplicas === 2, { what: 'both replicas' });
  const { metadata } = await cluster.api.merge(path, image('web:broken'));
  await until(
    async () => {
      const { status } = await cluster.api.get(path);
      return (
        status.observedGeneration >= metadata.generation &&
        status.updatedReplicas === 1 &&
        status.unavailableReplicas === 1
      );
    },
    { what: 'the rollout to be stuck' },
  );
  await cluster.api.merge(path, image('web:1.2'));
  const ended = until(
    async () => {
      const { status } = await cluster.api.get(path);
      return status.updatedReplicas === 2 && status.availableReplicas === 2 && status.replicas === 2;
    },
    { what: 'the rollout to end' },
  );
  await expect(ended).resolves.toBe(true);
});

test('a Job completes, and one of a crashing image fails', async () => {
  const [good, bad] = await Promise.all([createJob('good', 'task:1'), createJob('bad', 'task:crashing')]);
  await expect(until(() => hasCondition(good, 'Complete'), { what: 'the Job to complete' })).resolves.toBe(true);
  await expect(until(() => hasCondition(bad, 'Failed'), { what: 'the Job to fail' })).resolves.toBe(true);
});

test('a StatefulSet gets its volumes, and deleted claims take their volumes along', async () => {
  const collection = '/apis/apps/v1/namespaces/default/statefulsets';
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const spec = {
    replicas: 2,
    serviceName: 'db',
    selector: { matchLabels: { app: 'app' } },
    template: podTemplate('db:1'),
    volumeClaimTemplates: [claim],
  };
  await cluster.api.create(collection, { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec });
  await until(async () => (await cluster.api.get(`${collection}/db`)).status?.availableReplicas === 2, {
    what: 'both replicas of db',
  });

  await cluster.api.delete(`${collection}/db`);
  await cluster.api.request('DELETE', '/api/v1/namespaces/default/persistentvolumeclaims');
  const volumesGone = until(async () => (await cluster.api.get('/api/v1/persistentvolumes')).items.length === 0, {
    what: 'the volumes to go',
  });
  await expect(volumesGone).resolves.toBe(true);
});

test('a load balancer and an ingress get an address', async () => {
  const services = '/api/v1/namespaces/default/services';
  const ingresses = '/apis/networking.k8s.io/v1/namespaces/default/ingresses';
  const backend = { service: { name: 'lb', port: { number: 80 } } };
  await cluster.api.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'lb' },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  });
  await cluster.api.create(ingresses, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'in' },
    spec: { defaultBackend: backend },
  });
  for (const path of [`${services}/lb`, `${ingresses}/in`]) {
    const live = await until(async () => (await cluster.api.get(path)).status.loadBalancer?.ingress, {
      what: `an address of ${path}`,
    });
    expect(live).toEqual([expect.objectContaining({ ip: '192.0.2.10' })]);
  }
});

test('a namespace with running pods ends when it is deleted', async () => {
  const path = '/api/v1/namespaces/short';
  await cluster.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'short' } });
  await until(() => cluster.api.get(`${path}/serviceaccounts/default`), { what: 'the service account' });
  await cluster.api.create(`${path}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bare' },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'a:1' }] },
  });
  await until(() => hasCondition(`${path}/pods/bare`, 'Ready'), { what: 'the pod to be ready' });
  await cluster.api.delete(path);
  const isGone = (error: ApiFailure): boolean => error.reason === 'NotFound';
  const gone = until(() => cluster.api.get(path).then(() => false, isGone), { what: 'the namespace to be gone' });
  await expect(gone).resolves.toBe(true);
});
