import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import { hubCases } from './hubValues.ts';
import { renderChart } from './helm.ts';
import { podOf } from './server.ts';

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string }[];
  readonly resources: { readonly requests: object; readonly limits: { readonly memory?: string } };
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}
interface PodSpec {
  readonly containers: readonly [Container];
  readonly automountServiceAccountToken: boolean;
  readonly volumes: readonly { readonly name: string; readonly projected?: Projected }[];
}
interface Projected {
  readonly sources: readonly {
    readonly secret: { readonly name: string; readonly items: readonly { readonly key: string }[] };
  }[];
}

const specOf = (pod: KubeObject): PodSpec => pod['spec'] as PodSpec;
const roleOf = (object: KubeObject): string => object.metadata.labels?.['app.kubernetes.io/component'] ?? '';
const covers = (selector: unknown, pod: KubeObject): boolean =>
  Object.entries(selector as Record<string, string>).every(([key, value]) => pod.metadata.labels?.[key] === value);

const cases = await Promise.all(
  Object.entries(hubCases).map(async ([name, values]) => {
    const objects = await renderChart({ chart: 'fairlead', values });
    return [name, { objects, pods: objects.map(podOf).filter((pod) => pod !== undefined) }] as const;
  }),
);

describe.each(cases)('the Pods of %s', (name, { objects, pods }) => {
  const of = (kind: string): KubeObject[] => objects.filter((object) => object.kind === kind);

  it('are those of the mode', () => {
    const roles = name.startsWith('embedded') ? ['hub'] : ['api', 'gateway', 'planner', 'sources'];
    expect(pods.map(roleOf).sort()).toEqual(roles);
  });

  it('write nowhere but into their volumes, and can become nobody else', () => {
    for (const pod of pods)
      expect(specOf(pod).containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
  });

  it('have no token of this cluster, and no right to use one for', () => {
    for (const pod of pods) expect(specOf(pod).automountServiceAccountToken).toBe(false);
    for (const account of of('ServiceAccount')) expect(account['automountServiceAccountToken']).toBe(false);
    expect(objects.filter(({ apiVersion }) => apiVersion.startsWith('rbac.'))).toEqual([]);
  });

  it('are bounded, probed, and of an image that is pinned', () => {
    for (const pod of pods) {
      const [container] = specOf(pod).containers;
      expect(container).toMatchObject({ startupProbe: {}, readinessProbe: {}, livenessProbe: {} });
      expect(container.resources).toMatchObject({ requests: { cpu: expect.anything(), memory: expect.anything() } });
      expect(container.resources.limits.memory).toBeDefined();
      expect(container.image).toMatch(/:(0\.1\.0|[0-9a-f]{64})$/);
    }
  });

  it('mount every volume that they have, and Secrets read-only', () => {
    for (const pod of pods) {
      const { volumes, containers } = specOf(pod);
      const mounted = containers[0].volumeMounts;
      expect(mounted.map((mount) => mount.name).sort()).toEqual(volumes.map((one) => one.name).sort());
      const writable = mounted.filter((mount) => mount.readOnly !== true).map((mount) => mount.mountPath);
      expect(writable).toEqual(['/tmp', '/var/lib/fairlead']);
    }
  });

  it('are each behind a policy for both ways', () => {
    for (const pod of pods) {
      const policies = of('NetworkPolicy').map(
        ({ spec }) => spec as { podSelector: { matchLabels: object }; policyTypes: string[] },
      );
      const own = policies.filter(({ podSelector }) => covers(podSelector.matchLabels, pod));
      expect(own.map(({ policyTypes }) => policyTypes)).toEqual([['Ingress', 'Egress']]);
    }
  });

  it('answer behind every Service, at ports that they have', () => {
    for (const service of of('Service')) {
      const { selector, ports } = service['spec'] as { selector: object; ports: { targetPort: string }[] };
      const behind = pods.filter((pod) => covers(selector, pod));
      expect(behind).toHaveLength(1);
      const names = behind.flatMap((pod) => specOf(pod).containers[0].ports.map((port) => port.name));
      for (const { targetPort } of ports) expect(names).toContain(targetPort);
    }
  });

  it('come with no Secret: every one is named, and none is made', () => {
    expect(of('Secret')).toEqual([]);
  });
});

describe('roles apart', () => {
  const { objects, pods } = cases.find(([name]) => name === 'apart-everything')?.[1] ?? expect.fail('no such case');
  const keysOf = (role: string): string[] => {
    const pod = pods.find((one) => roleOf(one) === role) ?? expect.fail(`no ${role}`);
    const { sources = [] } = specOf(pod).volumes.find((volume) => volume.name === 'keys')?.projected ?? {};
    return sources
      .filter(({ secret }) => secret.name === 'fairlead-keys')
      .flatMap(({ secret }) => secret.items.map(({ key }) => key));
  };

  it('have each the keys that they need, and no other', () => {
    expect(keysOf('planner')).toContain('signing-2.key');
    for (const role of ['api', 'gateway', 'sources']) expect(keysOf(role).join()).not.toContain('signing');
    for (const role of ['api', 'planner', 'sources']) expect(keysOf(role)).not.toContain('ca.key');
    for (const role of ['gateway', 'planner', 'sources']) expect(keysOf(role)).not.toContain('admin-token');
    expect(keysOf('gateway')).toContain('nats-signer.json');
    for (const role of ['api', 'planner', 'sources']) expect(keysOf(role)).not.toContain('nats-revoker.json');
  });

  it('have what lets agents onto a broker among the keys, unless a Secret of its own is named', async () => {
    const values = { ...hubCases['apart'], agentsNats: { url: 'nats://nats.data:4222' } };
    const gateway = (await renderChart({ chart: 'fairlead', values })).find(
      (one) => roleOf(one) === 'gateway' && podOf(one),
    );
    const text = JSON.stringify(gateway);
    expect(text).toContain('"key":"nats-signer.json"');
    expect(text).toContain('"key":"nats-gateways.creds"');
    expect(text).toContain('"key":"nats-revoker.json"');
    expect(keysOf('gateway')).not.toContain('nats-gateways.creds');
  });

  it('keep all but one of their Pods through a drain', () => {
    const budgets = objects.filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budgets.map(roleOf).sort()).toEqual(['api', 'gateway', 'planner', 'sources']);
    for (const budget of budgets) expect(budget['spec']).toMatchObject({ maxUnavailable: 1 });
  });

  it('leave the number of Pods to what scales them', () => {
    const scaled = objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler').map(roleOf);
    expect(scaled.sort()).toEqual(['api', 'gateway', 'sources']);
    for (const object of objects.filter(({ kind }) => kind === 'Deployment'))
      expect('replicas' in (object['spec'] as object)).toBe(!scaled.includes(roleOf(object)));
  });

  it('may dial the ports of store, bus, git and collector, and the gateway not those of git', () => {
    const dialled = (role: string): unknown[] => {
      const policy =
        objects.find((one) => one.kind === 'NetworkPolicy' && roleOf(one) === role) ??
        expect.fail(`no policy of the ${role}`);
      const { egress } = policy['spec'] as { egress: { ports: { port: unknown }[] }[] };
      return egress[1]?.ports.map(({ port }) => port) ?? [];
    };
    expect(dialled('sources')).toEqual([443, 3000, 6432, 4222, 4223, 4318]);
    expect(dialled('gateway')).toEqual([6432, 4222, 4223, 4318]);
  });
});
