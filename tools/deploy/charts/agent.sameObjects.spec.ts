import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { agentImage, agentInstallManifest } from '@fairlead/core/install';
import { keyOf, keyText, type KubeObject } from '@fairlead/core/model';
import { agentCases } from './agentValues.ts';
import { chartFolder, objectsIn, renderChart } from './helm.ts';

const byKey = (objects: readonly KubeObject[]): Record<string, KubeObject> =>
  Object.fromEntries(objects.map((object) => [keyText(keyOf(object)), object]));

describe("the agent's chart", () => {
  it.each(Object.entries(agentCases))('makes what the install manifest has: %s', async (_, { values, options }) => {
    const { namespace = 'fairlead-system' } = options;
    const rendered = await renderChart({ chart: 'fairlead-agent', values, namespace });
    // Helm keeps its record in the namespace, which is therefore there before the chart.
    const wanted = agentInstallManifest(options).filter(({ kind }) => kind !== 'Namespace');
    const own = rendered.filter(({ kind }) => kind !== 'NetworkPolicy');
    expect(byKey(own)).toEqual(byKey(wanted));
    expect(own).toHaveLength(wanted.length);
  });

  it('is of the version that the images have', async () => {
    const chart = load(await readFile(join(chartFolder('fairlead-agent'), 'Chart.yaml'), 'utf8')) as Record<
      string,
      string
    >;
    expect(agentImage).toBe(`ghcr.io/fairlead/agent:${chart['appVersion']}`);
  });
});

describe('the plain manifest', () => {
  const file = join(import.meta.dirname, '../../../deploy/manifests/agent.yaml');

  it('has what the install manifest has, once its three places are filled in as its first lines say', async () => {
    const text = (await readFile(file, 'utf8'))
      .replaceAll('cluster-name', 'shop-0042')
      .replaceAll('hub.example.com:8443', 'fleet.acme.test:8443')
      .replaceAll('fairlead-profile', 'cluster-admin');
    const { options } = agentCases['plain'] ?? expect.fail('no such case');
    const wanted = agentInstallManifest({ ...options, hub: 'fleet.acme.test:8443' });
    expect(byKey(objectsIn(text))).toEqual(byKey(wanted.filter(({ kind }) => kind !== 'Secret')));
  });
});
