import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import { agentCases, everyAgentSetting } from './agentValues.ts';
import { lintChart, renderChart, type Values } from './helm.ts';

const plain = agentCases['plain']?.values ?? {};
const rendered = (values: Values): Promise<KubeObject[]> => renderChart({ chart: 'fairlead-agent', values });

describe("the values of the agent's chart", () => {
  it.each([
    ['no cluster', { cluster: '' }, "'/cluster'"],
    ['a cluster that is no DNS label', { cluster: 'Shop' }, "'/cluster'"],
    ['no profile', { profile: '' }, "'/profile'"],
    ['a URL where HOST:PORT is wanted', { hub: { address: 'https://hub.example.com' } }, "'/hub/address'"],
    ['a certificate that is none', { hub: { address: 'h:1', caPem: 'text' } }, "'/hub/caPem'"],
    ['a way to stream that is none', { transport: 'pigeon' }, "'/transport'"],
    ['a leaf node without a scheme', { nats: { address: 'leaf:4222' } }, "'/nats/address'"],
    ['a token of two words', { join: { token: 'two words' } }, "'/join/token'"],
    ['the tag latest', { image: { tag: 'latest' } }, "'/image/tag'"],
    ['a digest cut short', { image: { digest: 'sha256:12' } }, "'/image/digest'"],
    ["a team with the agent's own account", { teamServiceAccounts: ['fairlead-agent'] }, "'/teamServiceAccounts/0'"],
    ['a word that the chart does not know', { clusterName: 'shop-0042' }, 'clusterName'],
    ['one further down', { hub: { address: 'h:1', adress: 'h:1' } }, 'adress'],
    ['a port that is none', { networkPolicy: { egressPorts: [70_000] } }, "'/networkPolicy/egressPorts/0'"],
    ['a level that is none', { logLevel: 'loud' }, "'/logLevel'"],
  ])('are refused with %s', async (_, change, named) => {
    await expect(rendered({ ...plain, ...change })).rejects.toThrow(named);
  });

  it.each([
    ['token', { join: {} }, 'give the token of `fairlead cluster join`'],
    ['authority', { hub: { address: 'hub.example.com:8443' } }, "give the hub's certificate authority"],
  ])('say what to do without %s', async (_, change, advice) => {
    await expect(rendered({ ...plain, ...change })).rejects.toThrow(advice);
  });

  it('keep the token out of what Helm makes where a Secret is there already', async () => {
    const objects = await rendered(everyAgentSetting);
    expect(objects.map(({ kind }) => kind)).not.toContain('Secret');
    expect(JSON.stringify(objects)).toContain('"secretName":"my-join"');
  });

  it('pin the image by its digest where there is one', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(JSON.stringify(await rendered(everyAgentSetting))).toContain(`"image":"registry.acme.test/agent@${digest}"`);
  });

  it.each([
    ['plain', plain],
    ['every setting', everyAgentSetting],
  ])('pass helm lint: %s', async (_, values) => {
    expect(await lintChart('fairlead-agent', values)).toContain('0 chart(s) failed');
  });
});
