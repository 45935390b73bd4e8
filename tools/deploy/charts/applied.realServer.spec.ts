import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { agentInstallManifest } from '@fairlead/core/install';
import { startControlPlane, type ControlPlane } from '@fairlead/testkit/kube';
import { agentCases, everyAgentSetting } from './agentValues.ts';
import { apart, hubCases } from './hubValues.ts';
import {
  installChart,
  objectsIn,
  renderChart,
  renderYaml,
  type ChartName,
  type Rendering,
  type Values,
} from './helm.ts';
import { documents } from '../manifests/agentObjects.ts';
import { admits, admitsAll, applyStrictly, podOf, restrictedNamespace } from './server.ts';

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

/** Renders and applies in a new namespace; answers with the server's warnings and the roles whose Pods it would let in. */
async function install(rendering: Rendering & { readonly namespace: string }) {
  await restrictedNamespace(plane, rendering.namespace);
  const yaml = await renderYaml(rendering);
  return { warnings: await applyStrictly(plane, yaml), pods: await admitsAll(plane, objectsIn(yaml)) };
}

describe('a real API server', () => {
  it.each(installations)(
    'takes %s with %s, every field checked, in a restricted namespace',
    async (chart, name, values) => {
      const installed = await install({ chart, values, namespace: `${chart}-${name}`.toLowerCase() });
      expect(installed).toEqual({ warnings: '', pods: name.startsWith('apart') ? 4 : 1 });
    },
  );

  it('takes both with names that kubectl, unlike others, would take for no text', async () => {
    const agent = { ...agentCases['plain']?.values, cluster: 'no', profile: 'off', teamServiceAccounts: ['0755'] };
    const release = '123';
    const member = await install({ chart: 'fairlead-agent', values: agent, namespace: 'y', release });
    expect(member).toEqual({ warnings: '', pods: 1 });
    const hub = { ...apart, credentials: [{ name: 'yes', secret: '1e3' }], keys: { existingSecret: '0x10' } };
    expect(await install({ chart: 'fairlead', values: hub, namespace: 'on', release })).toEqual({
      warnings: '',
      pods: 4,
    });
  });

  it('takes the plain manifest as it lies there', async () => {
    const yaml = await readFile(join(import.meta.dirname, '../../../deploy/manifests/agent.yaml'), 'utf8');
    expect(await applyStrictly(plane, yaml)).toBe('');
    expect(await admitsAll(plane, objectsIn(yaml))).toBe(1);
  });

  it('lets Helm take over what the join manifest installed, without a restart, and change it later', async () => {
    const { values, options } = agentCases['plain'] ?? expect.fail('no such case');
    const namespace = 'taken-over';
    await applyStrictly(plane, documents(agentInstallManifest({ ...options, namespace })));
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/fairlead-agent`;
    const joined = await plane.api.get(path);
    const adopting = { ...values, join: { existingSecret: 'fairlead-join' } };
    await installChart(plane.kubeconfigPath, { chart: 'fairlead-agent', namespace, values: adopting });
    const taken = await plane.api.get(path);
    expect(taken.metadata.annotations['meta.helm.sh/release-name']).toBe('fairlead');
    expect(taken.spec).toEqual(joined.spec);
    const louder = { ...adopting, logLevel: 'debug' };
    await installChart(plane.kubeconfigPath, { chart: 'fairlead-agent', namespace, values: louder });
    expect(JSON.stringify((await plane.api.get(path)).spec)).toContain('"FAIRLEAD_LOG_LEVEL","value":"debug"');
  });

  it('refuses what these tests are there to find: a wrong field, and a Pod that is root', async () => {
    await restrictedNamespace(plane, 'wrong');
    const rendered = await renderChart({ chart: 'fairlead-agent', values: everyAgentSetting, namespace: 'wrong' });
    const deployment = rendered.find(({ kind }) => kind === 'Deployment') ?? expect.fail('no Deployment');
    const misspelt = { ...deployment, spec: { ...(deployment['spec'] as object), replica: 2 } };
    await expect(applyStrictly(plane, documents([misspelt]))).rejects.toThrow(/replica/);
    const pod = podOf(deployment) ?? expect.fail('no Pod');
    const asRoot = { ...(pod['spec'] as object), securityContext: { runAsUser: 0 } };
    await expect(admits(plane, { ...pod, spec: asRoot })).rejects.toThrow(/violates PodSecurity "restricted/);
  });
});
