import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import { startControlPlane, type ControlPlane } from '@fairlead/testkit/kube';
import { agentCases, everyAgentSetting } from './agentValues.ts';
import { hubCases } from './hubValues.ts';
import { renderChart, type ChartName, type Values } from './helm.ts';
import { admits, applyStrictly, podOf, restrictedNamespace } from './server.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ name: 'deploy', audit: false });
  await plane.api.create('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'fleet' }, value: 1000 });
});
afterAll(() => plane?.stop());
// A binding's role cannot be changed, and the next installation asks for another.
afterEach(() =>
  plane.api.request(
    'DELETE',
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?labelSelector=app.kubernetes.io/part-of=fairlead',
  ),
);

const installations: readonly (readonly [chart: ChartName, name: string, values: Values])[] = [
  ...Object.entries(agentCases).map(([name, { values }]) => ['fairlead-agent', name, values] as const),
  ['fairlead-agent', 'every-setting', everyAgentSetting],
  ...Object.entries(hubCases).map(([name, values]) => ['fairlead', name, values] as const),
];

describe('a real API server', () => {
  it.each(installations)(
    'takes %s with %s, every field checked, in a restricted namespace',
    async (chart, name, values) => {
      const namespace = `${chart}-${name}`.toLowerCase();
      await restrictedNamespace(plane, namespace);
      const objects = await renderChart({ chart, values, namespace });
      expect(await applyStrictly(plane, objects)).toBe('');
      const pods = objects.map(podOf).filter((pod) => pod !== undefined);
      expect(pods.length).toBeGreaterThan(0);
      for (const pod of pods) await admits(plane, pod);
    },
  );

  it('takes the plain manifest as it lies there', async () => {
    const text = await readFile(join(import.meta.dirname, '../../../deploy/manifests/agent.yaml'), 'utf8');
    const objects = loadAll(text).filter((document) => document !== null) as KubeObject[];
    expect(await applyStrictly(plane, objects)).toBe('');
    for (const pod of objects.map(podOf).filter((pod) => pod !== undefined)) await admits(plane, pod);
  });

  it('refuses what these tests are there to find: a wrong field, and a Pod that is root', async () => {
    await restrictedNamespace(plane, 'wrong');
    const rendered = await renderChart({ chart: 'fairlead-agent', values: everyAgentSetting, namespace: 'wrong' });
    const deployment = rendered.find(({ kind }) => kind === 'Deployment') ?? expect.fail('no Deployment');
    const spec = deployment['spec'] as { template: { spec: { securityContext: object } } };
    const misspelt = { ...deployment, spec: { ...spec, replica: 2 } };
    await expect(applyStrictly(plane, [misspelt])).rejects.toThrow(/replica/);
    const pod = podOf(deployment) ?? expect.fail('no Pod');
    const asRoot = { ...(pod['spec'] as object), securityContext: { runAsUser: 0 } };
    await expect(admits(plane, { ...pod, spec: asRoot })).rejects.toThrow(/violates PodSecurity "restricted/);
  });
});
