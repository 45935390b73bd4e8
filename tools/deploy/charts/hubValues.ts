import type { Values } from './helm.ts';

const fleet = { url: 'https://git.example.com/acme/fleet.git' };
const names = ['hub.example.com'];

/** What nobody can leave out of a hub in one process. */
export const embedded: Values = { fleet, names };

/** What nobody can leave out of roles apart. */
export const apart: Values = {
  mode: 'apart',
  fleet,
  names,
  keys: { existingSecret: 'fairlead-keys' },
  store: { url: 'postgres://fairlead@postgres.data:5432/fairlead' },
  bus: { url: 'nats://nats.data:4222' },
  gateway: { address: 'agents.example.com:8443' },
};

const scheduling = {
  resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } },
  priorityClassName: 'fleet',
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'fleet', operator: 'Exists' }],
  affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  annotations: { 'acme.test/owner': 'platform' },
};
const scaled = { replicas: 3, autoscaling: { enabled: true, maxReplicas: 9, targetCpuPercent: 60 }, ...scheduling };
const service = {
  type: 'LoadBalancer',
  annotations: { 'acme.test/pool': 'edge' },
  loadBalancerSourceRanges: ['10.0.0.0/8'],
};
const secret = (name: string, key: string): object => ({ name, key });

const everything: Values = {
  fleet: {
    ...fleet,
    branch: 'production',
    pollMs: 60_000,
    checkHosts: ['checks.example.com', 'prometheus.monitoring:9090'],
    username: 'fairlead',
    passwordSecret: secret('fleet-git', 'token'),
    caSecret: secret('git-ca', 'ca.pem'),
    signingKeySecret: secret('fleet-signing', 'ssh-privatekey'),
  },
  names: ['hub.example.com', '192.0.2.10'],
  image: { repository: 'registry.acme.test/hub', digest: `sha256:${'1'.repeat(64)}`, pullPolicy: 'IfNotPresent' },
  imagePullSecrets: [{ name: 'registry' }],
  renderers: {
    kustomize: [
      { version: '5.8.2', path: '/usr/local/bin/kustomize' },
      { version: '5.7.1', path: '/opt/renderers/kustomize-5.7.1' },
    ],
    helm: [{ version: '4.3.1', path: '/usr/local/bin/helm' }],
  },
  extraVolumes: [{ name: 'renderers', persistentVolumeClaim: { claimName: 'renderers', readOnly: true } }],
  extraVolumeMounts: [{ name: 'renderers', mountPath: '/opt/renderers', readOnly: true }],
  credentials: [
    { name: 'git-web', secret: 'web-basic-auth' },
    { name: 'charts', secret: 'charts-basic-auth' },
  ],
  people: [
    { name: 'ada@example.com', secret: 'people', key: 'ada' },
    { name: 'grace', secret: 'people', key: 'grace' },
  ],
  agentsNats: {
    url: 'tls://nats-0.data:4222,tls://nats-1.data:4223',
    name: 'tls://agents.example.com:4222,tls://agents.example.com:4223',
    credentialsSecret: secret('nats-gateways', 'gateways.creds'),
    caSecret: secret('nats-ca', 'ca.crt'),
  },
  telemetry: {
    otlp: 'http://otel-collector.monitoring:4318',
    podMonitor: { enabled: false, interval: '15s', labels: { release: 'prometheus' } },
  },
  api: { service },
  networkPolicy: {
    agentsFrom: [{ ipBlock: { cidr: '192.0.2.0/24' } }],
    peopleFrom: [{ namespaceSelector: { matchLabels: { team: 'platform' } } }],
    webhooksFrom: [{ ipBlock: { cidr: '198.51.100.0/24' } }],
    metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
    gitPorts: [443, 3000],
    extraEgress: [{ to: [{ ipBlock: { cidr: '203.0.113.7/32' } }], ports: [{ protocol: 'TCP', port: 9000 }] }],
  },
};

/** Installations of the hub that must hold, by what they are for. */
export const hubCases: Readonly<Record<string, Values>> = {
  embedded,
  apart,
  'embedded-everything': {
    ...everything,
    mode: 'embedded',
    persistence: { size: '50Gi', storageClass: 'fast' },
    pods: { hub: scheduling },
  },
  'apart-everything': {
    ...everything,
    mode: 'apart',
    keys: { existingSecret: 'fairlead-keys', signingKeys: 2 },
    store: {
      url: 'postgres://fairlead@postgres.data:6432/fairlead',
      passwordSecret: secret('postgres', 'password'),
      caSecret: secret('postgres-ca', 'ca.crt'),
    },
    bus: {
      url: 'tls://nats-0.data:4222,tls://nats-1.data:4223',
      replicas: 3,
      credentialsSecret: secret('nats-bus', 'bus.creds'),
      caSecret: secret('nats-ca', 'ca.crt'),
    },
    gateway: { address: 'agents.example.com:443', streams: 'streams.example.com:443', service },
    sources: { service },
    pods: { api: scaled, gateway: scaled, sources: scaled, planner: { replicas: 3, ...scheduling } },
  },
};
