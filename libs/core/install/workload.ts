import type { KubeObject } from '@fairlead/core/model';
import { accounts, agentDeployment, agentPaths, type Install } from './options.ts';

const joinSecretName = 'fairlead-join';

/** What the owner may write into the policy; shown as an annotation, so that a later apply takes no decision back. */
const policyExample = `data:
  namespaces: "shop, web-*"          # none: all but the agent's own
  allowKinds: ""                     # none: all
  denyKinds: "ClusterRole, ClusterRoleBinding"
  serviceAccounts: "fairlead-applier, fairlead-web"
  pruneBudget: "10%"                 # of an application's objects, in one pass
`;

/** The owner's word over the hub's. It comes without data: whatever the owner writes there is never overwritten. */
export function ownerPolicy({ namespace }: Install): KubeObject {
  const annotations = { 'fairlead.dev/example': policyExample };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'fairlead-policy', namespace, annotations } };
}

/** The one-use token, and the hub's certificate authority that the first call is checked against. */
export function joinSecret({ namespace, joinToken, caPem, nats }: Install): KubeObject {
  const natsCa = nats?.caPem === undefined ? {} : { 'nats-ca.crt': btoa(nats.caPem) };
  const data = { token: btoa(joinToken), 'ca.crt': btoa(caPem), ...natsCa };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: joinSecretName, namespace }, type: 'Opaque', data };
}

/** The agent itself: one Pod without a root, a writable root or a capability. */
export function agentWorkload(install: Install): KubeObject {
  const labels = { 'app.kubernetes.io/name': 'fairlead-agent' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: agentDeployment, namespace: install.namespace, labels },
    spec: {
      replicas: 1,
      // Two agents at a time would fence each other by the lease; an upgrade needs no overlap.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, 'app.kubernetes.io/part-of': 'fairlead' } },
        spec: {
          serviceAccountName: accounts.agent,
          terminationGracePeriodSeconds: 15,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            fsGroup: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [container(install)],
          volumes: [
            { name: 'join', secret: { secretName: joinSecretName, optional: true, defaultMode: 0o440 } },
            { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
          ],
        },
      },
    },
  };
}

/** Nothing where the stream is gRPC, which is what an agent does unless it is told. */
function natsEnvironment({ nats }: Install): object[] {
  if (!nats) return [];
  const variables = {
    FAIRLEAD_TRANSPORT: 'nats',
    FAIRLEAD_NATS: nats.address,
    FAIRLEAD_NATS_CA_FILE: nats.caPem === undefined ? undefined : agentPaths.natsCa,
  };
  return Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

/**
 * What glibc takes from the kernel by itself, and gives back at once. Left alone it raises the bound with each large block
 * that is freed, and an agent keeps the pages of its largest apply (mallopt(3), M_MMAP_THRESHOLD).
 */
const largeBlockBytes = 128 * 1024;

function container(install: Install): object {
  const { clusterName, hub, image } = install;
  const probe = (path: string): object => ({ httpGet: { path, port: 'health' }, periodSeconds: 10, timeoutSeconds: 5 });
  return {
    name: 'agent',
    image,
    env: [
      { name: 'FAIRLEAD_CLUSTER', value: clusterName },
      { name: 'FAIRLEAD_HUB', value: hub },
      { name: 'FAIRLEAD_HUB_CA_FILE', value: agentPaths.hubCa },
      { name: 'FAIRLEAD_JOIN_TOKEN_FILE', value: agentPaths.joinToken },
      { name: 'FAIRLEAD_NAMESPACE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } } },
      ...natsEnvironment(install),
      { name: 'MALLOC_MMAP_THRESHOLD_', value: String(largeBlockBytes) },
    ],
    ports: [{ name: 'health', containerPort: agentPaths.healthPort, protocol: 'TCP' }],
    livenessProbe: { ...probe(agentPaths.live), initialDelaySeconds: 10 },
    readinessProbe: probe(agentPaths.ready),
    resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '512Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'join', mountPath: '/var/run/fairlead/join', readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}
