import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import { readSettings, type Program } from '@fairlead/roles/settings';
import { hubCases } from './hubValues.ts';
import { renderChart } from './helm.ts';
import { podOf } from './server.ts';

const argsOf = (pod: KubeObject): readonly string[] =>
  (pod['spec'] as { containers: [{ args: string[] }] }).containers[0].args;
const mountsOf = (pod: KubeObject): readonly string[] =>
  (pod['spec'] as { containers: [{ volumeMounts: { mountPath: string }[] }] }).containers[0].volumeMounts.map(
    ({ mountPath }) => mountPath,
  );

const cases = await Promise.all(
  Object.entries(hubCases).map(async ([name, values]) => {
    const objects = await renderChart({ chart: 'fairlead', values });
    const pods = objects.map(podOf).filter((pod) => pod !== undefined);
    return pods.map((pod) => [`${pod.metadata.labels?.['app.kubernetes.io/component']} of ${name}`, pod] as const);
  }),
);

describe.each(cases.flat())('the %s', (_, pod) => {
  const [script = '', ...args] = argsOf(pod);
  const program = /^\/opt\/fairlead\/(\w+)\/main\.mjs$/.exec(script)?.[1] as Program;

  it('is started with flags that it takes', () => {
    const settings = readSettings(program, args);
    expect(settings).toMatchObject({ metrics: { host: '0.0.0.0', port: 9464 } });
    expect(settings.dataFolder).toBe(program === 'gateway' ? '' : '/var/lib/fairlead/data');
  });

  it('is told of files only where something is mounted', () => {
    const files = args.flatMap((one) => /=(\/var\/[^=]+)$/.exec(one)?.[1] ?? []);
    const mounts = mountsOf(pod);
    for (const file of files)
      expect(mounts.filter((mount) => file === mount || file.startsWith(`${mount}/`))).toHaveLength(1);
  });
});
