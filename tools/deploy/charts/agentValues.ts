import type { InstallOptions } from '@fairlead/core/install';
import type { Values } from './helm.ts';

const caPem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

/** One installation of the agent, as the chart's values and as the options of the install manifest. */
export interface AgentCase {
  readonly values: Values;
  readonly options: InstallOptions;
}

const plain: AgentCase = {
  values: {
    cluster: 'shop-0042',
    hub: { address: 'hub.example.com:8443', caPem },
    join: { token: 'j0in-once' },
    profile: 'cluster-admin',
  },
  options: {
    clusterName: 'shop-0042',
    hub: 'hub.example.com:8443',
    caPem,
    joinToken: 'j0in-once',
    image: 'ghcr.io/fairlead/agent:0.1.0',
    profile: 'cluster-admin',
  },
};

const elsewhere: AgentCase = {
  values: {
    ...plain.values,
    cluster: 'edge-1',
    profile: 'acme:edge',
    teamServiceAccounts: ['fairlead-shop', 'fairlead-web'],
    image: { repository: 'registry.acme.test/fairlead/agent', tag: '1.2.3' },
  },
  options: {
    ...plain.options,
    namespace: 'ship-lines',
    clusterName: 'edge-1',
    profile: 'acme:edge',
    teamServiceAccounts: ['fairlead-shop', 'fairlead-web'],
    image: 'registry.acme.test/fairlead/agent:1.2.3',
  },
};

const overNats: AgentCase = {
  values: { ...plain.values, transport: 'nats' },
  options: { ...plain.options, nats: {} },
};

const leaf = { address: 'tls://leaf.shop.test:4222', caPem };
const behindLeaf: AgentCase = {
  values: { ...plain.values, transport: 'nats', nats: leaf },
  options: { ...plain.options, nats: leaf },
};

/** Installations that chart and code must make alike. */
export const agentCases: Readonly<Record<string, AgentCase>> = { plain, elsewhere, overNats, behindLeaf };

/** Every setting of the agent's chart at once. */
export const everyAgentSetting: Values = {
  cluster: 'shop-0042',
  hub: { address: 'hub.example.com:8443', gateway: 'streams.example.com:8444' },
  transport: 'nats',
  nats: { address: 'tls://leaf.shop.test:4222', caInSecret: true },
  join: { existingSecret: 'my-join' },
  profile: 'view',
  teamServiceAccounts: ['fairlead-web'],
  image: { repository: 'registry.acme.test/agent', digest: `sha256:${'0'.repeat(64)}`, pullPolicy: 'Always' },
  imagePullSecrets: [{ name: 'registry' }],
  logLevel: 'debug',
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: 1, memory: '1Gi' } },
  priorityClassName: 'system-cluster-critical',
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'edge', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: 'edge', operator: 'DoesNotExist' }] } },
      ],
    },
  },
  podAnnotations: { 'acme.test/owner': 'platform' },
  networkPolicy: { enabled: true, egressPorts: [443, 6443, 8443, 8444] },
};
