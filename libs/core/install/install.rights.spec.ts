import { describe, expect, it } from 'vitest';
import { keyOf, keyText, type KubeObject } from '@fairlead/core/model';
import { agentInstallManifest, installedKeys, type InstallOptions } from './index.ts';

const options: InstallOptions = {
  clusterName: 'shop-0042',
  hub: 'hub.example.com:8443',
  caPem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  joinToken: 'j0in-once',
  image: 'registry.example.com/fairlead/agent:1.0.0',
  profile: 'cluster-admin',
  teamServiceAccounts: ['fairlead-web'],
};

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
const rulesOf = (object: KubeObject): readonly Rule[] => (object['rules'] ?? []) as readonly Rule[];
const objects = agentInstallManifest(options);

function find(kind: string, name: string): KubeObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`the manifest has no ${kind} ${name}`);
  return found;
}

describe('the rights in the install manifest', () => {
  const allRules = objects.flatMap(rulesOf);

  it('name kinds of the core group one by one, without subresources', () => {
    const core = allRules.filter((rule) => rule.apiGroups.includes(''));
    expect(core.length).toBeGreaterThan(0);
    for (const resource of core.flatMap((rule) => rule.resources)) expect(resource).toMatch(/^[a-z]+$/);
  });

  it('have no verb and no group that stands for all', () => {
    for (const rule of allRules) expect([...rule.verbs, ...rule.apiGroups]).not.toContain('*');
  });

  it('let the agent write nothing but Events outside of its namespace', () => {
    const writing = rulesOf(find('ClusterRole', 'fairlead-agent')).filter((rule) =>
      rule.verbs.some((verb) => !['get', 'list', 'watch'].includes(verb)),
    );
    expect(writing).toEqual([{ apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] }]);
  });

  it('let it write no ConfigMap even there: the policy of the owner is one', () => {
    const own = rulesOf(find('Role', 'fairlead-agent'));
    expect(own.flatMap((rule) => rule.resources)).toEqual([
      'serviceaccounts',
      'secrets',
      'leases',
      'deliveries',
      'deliveries/status',
    ]);
    expect(find('ConfigMap', 'fairlead-policy')).not.toHaveProperty('data');
  });

  it('bind the applier to the profile that the owner picked, and teams to nothing', () => {
    const { roleRef } = find('ClusterRoleBinding', 'fairlead-applier') as unknown as { roleRef: { name: string } };
    expect(roleRef.name).toBe('cluster-admin');
    const bound = objects.flatMap((object) => (object['subjects'] ?? []) as { name: string }[]);
    expect(bound.map(({ name }) => name)).not.toContain('fairlead-web');
    expect(find('ServiceAccount', 'fairlead-web')['automountServiceAccountToken']).toBe(false);
  });
});

describe('the install manifest', () => {
  it('names every object once, and knows which objects no application may touch', () => {
    const keys = objects.map((object) => keyText(keyOf(object)));
    expect(new Set(keys).size).toBe(keys.length);
    const installed = installedKeys('fairlead-system').map(keyText);
    expect(keys.filter((key) => !installed.includes(key))).toEqual(['/ServiceAccount/fairlead-system/fairlead-web']);
    expect(installedKeys('elsewhere').map(keyText)).toContain('/Secret/elsewhere/fairlead-join');
  });

  it('keeps the token in its Secret only', () => {
    const others = objects.filter((object) => object.kind !== 'Secret');
    expect(JSON.stringify(others)).not.toContain(options.joinToken);
    expect(find('Secret', 'fairlead-join')['data']).toMatchObject({ token: btoa('j0in-once') });
  });

  it('tells the agent of NATS only where its stream goes that way', () => {
    const environment = (nats?: InstallOptions['nats']): string =>
      JSON.stringify(agentInstallManifest({ ...options, ...(nats && { nats }) }).at(-1));
    expect(environment()).not.toContain('NATS');
    expect(environment({})).toContain('{"name":"FAIRLEAD_TRANSPORT","value":"nats"}');
    expect(environment({})).not.toContain('FAIRLEAD_NATS"');
    const near = { address: 'tls://leaf.shop:4222', caPem: options.caPem };
    expect(environment(near)).toContain('{"name":"FAIRLEAD_NATS","value":"tls://leaf.shop:4222"}');
    expect(environment(near)).toContain('/var/run/fairlead/join/nats-ca.crt');
    const secret = agentInstallManifest({ ...options, nats: near }).find(({ kind }) => kind === 'Secret');
    expect(secret?.['data']).toMatchObject({ 'nats-ca.crt': btoa(options.caPem) });
  });

  it.each([
    ['nats.address', { nats: { address: 'leaf.shop:4222' } }],
    ['nats.caPem', { nats: { caPem: 'secret text' } }],
    ['clusterName', { clusterName: 'Shop' }],
    ['namespace', { namespace: '' }],
    ['profile', { profile: '' }],
    ['hub', { hub: 'https://hub.example.com' }],
    ['image', { image: ' ' }],
    ['joinToken', { joinToken: 'two words' }],
    ['caPem', { caPem: 'secret text' }],
    ['teamServiceAccounts', { teamServiceAccounts: ['fairlead-agent'] }],
  ])('says what is wrong with %s', (field, change) => {
    const make = (): unknown => agentInstallManifest({ ...options, ...change });
    expect(make).toThrow(expect.objectContaining({ code: 'InvalidInput', subject: { field } }));
    expect(make).not.toThrow(/two words|secret text/);
  });
});
