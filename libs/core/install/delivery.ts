import type { KubeObject } from '@fairlead/core/model';

const text = (description: string, maxLength = 1024): object => ({ type: 'string', maxLength, description });
const word = (description: string, values: readonly string[]): object => ({
  type: 'string',
  enum: values,
  description,
});
const count = (description: string): object => ({ type: 'integer', format: 'int64', minimum: 0, description });

const spec = {
  type: 'object',
  required: ['application'],
  properties: { application: text('TEAM/NAME of the application.', 127) },
};

const status = {
  type: 'object',
  properties: {
    release: text('Digest of the release that the cluster should run.', 71),
    version: text('Version of the release, for people.', 256),
    sync: word('How far its bundle has come.', ['Held', 'Assigned', 'Applying', 'InSync', 'OutOfSync', 'Failed']),
    health: word('Whether what runs does what it should.', [
      'Healthy',
      'Progressing',
      'Degraded',
      'Suspended',
      'Missing',
      'Unknown',
    ]),
    drift: word('Whether live objects differ from what was applied.', ['None', 'Corrected', 'Present', 'Fighting']),
    reason: text("One word of Fairlead's closed list of reasons.", 64),
    message: text('The reason for people.', 4096),
    objects: count('Objects of the bundle.'),
    healthyObjects: count('Those of them that are healthy.'),
    observedAt: { type: 'string', format: 'date-time', description: 'When the agent wrote this.' },
  },
};

interface Column {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly priority?: number;
}

const columns: readonly Column[] = [
  { name: 'Application', type: 'string', jsonPath: '.spec.application' },
  { name: 'Release', type: 'string', jsonPath: '.status.version' },
  { name: 'Sync', type: 'string', jsonPath: '.status.sync' },
  { name: 'Health', type: 'string', jsonPath: '.status.health' },
  { name: 'Drift', type: 'string', jsonPath: '.status.drift' },
  { name: 'Reason', type: 'string', jsonPath: '.status.reason', priority: 1 },
  { name: 'Digest', type: 'string', jsonPath: '.status.release', priority: 1 },
  { name: 'Message', type: 'string', jsonPath: '.status.message', priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

/** What `kubectl get deliveries -A` shows: one for each application, written by the agent, read by people. */
export function deliveryDefinition(): KubeObject {
  const description = 'An application in this cluster, as the Fairlead agent sees it. Nothing reads it but people.';
  const version = {
    name: 'v1alpha1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', description, required: ['spec'], properties: { spec, status } } },
    subresources: { status: {} },
    additionalPrinterColumns: columns,
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'deliveries.fairlead.dev' },
    spec: {
      group: 'fairlead.dev',
      scope: 'Namespaced',
      names: { plural: 'deliveries', singular: 'delivery', kind: 'Delivery', listKind: 'DeliveryList' },
      versions: [version],
    },
  };
}
