import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import { apart, embedded, hubCases } from './hubValues.ts';
import { lintChart, renderChart, type Values } from './helm.ts';

const rendered = (values: Values): Promise<KubeObject[]> => renderChart({ chart: 'fairlead', values });

describe("the values of the hub's chart", () => {
  it.each([
    ['no fleet repository', { fleet: { url: '' } }, "'/fleet/url'"],
    ['a fleet repository with a password in it', { fleet: { url: 'https://bob:pw@git.test/f.git' } }, "'/fleet/url'"],
    ['one over ssh', { fleet: { url: 'git@git.test:f.git' } }, "'/fleet/url'"],
    ['no name', { names: [] }, "'/names'"],
    ['a mode that is none', { mode: 'both' }, "'/mode'"],
    ['the tag latest', { image: { tag: 'latest' } }, "'/image/tag'"],
    ['a word that the chart does not know', { replicas: 3 }, 'replicas'],
    ['one further down', { pods: { hub: { replicas: 3 } } }, 'replicas'],
    [
      'a renderer without a whole version',
      { renderers: { helm: [{ version: '4', path: '/helm' }] } },
      "'/renderers/helm/0/version'",
    ],
    [
      'credentials with a name that is no label',
      { credentials: [{ name: '../x', secret: 's' }] },
      "'/credentials/0/name'",
    ],
    [
      'a person whose name could leave its folder',
      { people: [{ name: '../x', secret: 's', key: 'k' }] },
      "'/people/0/name'",
    ],
    ['a collector without a scheme', { telemetry: { otlp: 'collector:4318' } }, "'/telemetry/otlp'"],
    ['a port that is none', { networkPolicy: { gitPorts: ['https'] } }, "'/networkPolicy/gitPorts/0'"],
    ['a Service of a kind that nobody has', { api: { service: { type: 'ExternalName' } } }, "'/api/service/type'"],
  ])('are refused with %s', async (_, change, named) => {
    await expect(rendered({ ...embedded, ...change })).rejects.toThrow(named);
  });

  it.each([
    ['keys', { keys: { existingSecret: '' } }, "'/keys/existingSecret'"],
    ['store', { store: { url: '' } }, "'/store/url'"],
    ['bus', { bus: { url: '' } }, "'/bus/url'"],
    ['an address for agents', { gateway: {} }, "'/gateway/address'"],
    ['a store that is PostgreSQL', { store: { url: 'file:/hub.db' } }, "'/store/url'"],
    ['a store without a password in its address', { store: { url: 'postgres://fairlead:pw@db/f' } }, "'/store/url'"],
    ['a bus that is NATS', { bus: { url: 'amqp://mq:5672' } }, "'/bus/url'"],
    ['a number of copies that servers can agree on', { bus: { url: 'nats://a:1', replicas: 2 } }, "'/bus/replicas'"],
    ['a role that has any Pod', { pods: { gateway: { replicas: 0 } } }, "'/pods/gateway/replicas'"],
  ])('are refused for roles apart without %s', async (_, change, named) => {
    await expect(rendered({ ...apart, ...change })).rejects.toThrow(named);
  });

  it('do not let a monitor be made that nobody may scrape for', async () => {
    const telemetry = { podMonitor: { enabled: true } };
    await expect(rendered({ ...apart, telemetry })).rejects.toThrow(
      'name your Prometheus in networkPolicy.metricsFrom',
    );
    const objects = await rendered({
      ...apart,
      telemetry,
      networkPolicy: { metricsFrom: [{ namespaceSelector: {} }] },
    });
    const monitor = objects.find(({ kind }) => kind === 'PodMonitor');
    expect(monitor?.['spec']).toMatchObject({ podMetricsEndpoints: [{ port: 'metrics', interval: '30s' }] });
  });

  it.each(Object.entries(hubCases))('pass helm lint: %s', async (_, values) => {
    expect(await lintChart('fairlead', values)).toContain('0 chart(s) failed');
  });
});
