import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { reasons, type KubeObject } from '@fairlead/core/model';
import { assessHealth, compileRules } from './index.ts';
import { checks } from './registry.ts';

const states = ['Degraded', 'Missing', 'Unknown', 'Progressing', 'Suspended', 'Healthy'];
const rules = compileRules([
  { target: { name: 'ruled*' }, healthy: 'object.status.phase == "Up"', failed: 'size(object.status.conditions) > 3' },
]);

/** Words that checks look for, so that their branches are met; and whatever JSON holds. */
const types = [
  'Ready',
  'Available',
  'Synced',
  'Accepted',
  'Programmed',
  'Stalled',
  'Reconciling',
  'Progressing',
  'Issuing',
];
const word = fc.constantFrom(...types, 'True', 'False', 'Unknown', 'Healthy', 'Running', 'Failed', '-1', '3', '2-ab');
const condition = fc.record(
  {
    type: fc.constantFrom(...types, 'Healthy', 'Installed', 'NotReady', 'Paused', 'Established', 'Reconciled'),
    status: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('True', 'False', 'Unknown') }, fc.jsonValue()),
    reason: fc.oneof(word, fc.jsonValue()),
    observedGeneration: fc.oneof(fc.integer({ min: -1, max: 4 }), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const part = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.record(
    {
      observedGeneration: fc.oneof(fc.integer({ min: -1, max: 4 }), word, fc.jsonValue()),
      phase: fc.oneof(word, fc.jsonValue()),
      conditions: fc.oneof(fc.array(condition), fc.jsonValue()),
      parents: fc.oneof(fc.array(fc.record({ conditions: fc.array(condition) })), fc.jsonValue()),
      parentRefs: fc.jsonValue(),
      replicas: fc.oneof(fc.nat(3), fc.jsonValue()),
      suspend: fc.oneof(fc.boolean(), fc.jsonValue()),
      forProvider: fc.jsonValue(),
      sync: fc.jsonValue(),
      containerStatuses: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
);
const metadata = fc.record(
  {
    name: fc.constantFrom('it', 'ruled-1'),
    generation: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.jsonValue()),
    annotations: fc.oneof(
      fc.dictionary(fc.constantFrom('crossplane.io/paused', 'autoscaling.keda.sh/paused'), word),
      fc.jsonValue(),
    ),
    finalizers: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const kinds = [...checks.keys(), 'example.com/Widget', 'constructor/toString', 'core/ConfigMap', 'core/__proto__'];
const anything = fc
  .record({ kind: fc.constantFrom(...kinds), metadata, spec: part, status: part, webhooks: fc.jsonValue() })
  .map(({ kind, ...rest }) => {
    const [group = '', name = ''] = kind.split('/');
    return { ...rest, apiVersion: group === 'core' ? 'v1' : `${group}/v1`, kind: name } as unknown as KubeObject;
  });

/** What the golden cases call healthy, each with its kind. */
const root = new URL('checks/', import.meta.url);
const healthyOnes = readdirSync(root).flatMap((group) =>
  readdirSync(new URL(`${group}/`, root)).flatMap((kind) => {
    const text = readFileSync(new URL(`${group}/${kind}/cases.yaml`, root), 'utf8');
    const file = load(text) as {
      apiVersion: string;
      cases: { apiVersion?: string; kind?: string; object: Partial<KubeObject>; expect: { status: string } }[];
    };
    return file.cases
      .filter((one) => one.expect.status === 'Healthy')
      .map((one) => ({
        apiVersion: one.apiVersion ?? file.apiVersion,
        kind: one.kind ?? kind,
        metadata: {},
        ...one.object,
      }));
  }),
) as KubeObject[];

describe('the health of any object', () => {
  it('is always said, with a state, a reason of the list and a sentence', () => {
    fc.assert(
      fc.property(anything, (object) => {
        const health = assessHealth(object, { rules });
        expect(states).toContain(health.status);
        expect(reasons).toHaveProperty(health.reason);
        expect(health.message).not.toBe('');
      }),
      { numRuns: 3_000 },
    );
  });

  it('is never healthy while it is being deleted', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.constantFrom(...healthyOnes)), (object) => {
        const deleted = { ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-11-02T10:00:00Z' } };
        expect(assessHealth(deleted, { rules })).toMatchObject({ status: 'Progressing', reason: 'ObjectTerminating' });
      }),
    );
  });

  it('is never healthy while its controller has seen an older generation only', () => {
    const pointers = (object: KubeObject) =>
      object.kind === 'HelmRepository' && JSON.stringify(object).includes('"oci"');
    fc.assert(
      fc.property(
        fc.oneof(anything, fc.constantFrom(...healthyOnes)),
        fc.integer({ min: -1, max: 6 }),
        (object, seen) => {
          fc.pre(!pointers(object));
          const stale = {
            ...object,
            metadata: { ...object.metadata, generation: 7 },
            status: { ...(object['status'] as object), observedGeneration: seen },
          };
          expect(['Progressing', 'Suspended']).toContain(assessHealth(stale, { rules }).status);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  // What ended is over for good: a Job and a Pod say so by a state that no generation takes back.
  const ended = (object: KubeObject) => object.kind === 'Job' || JSON.stringify(object).includes('"phase":"Succeeded"');
  const conditioned = healthyOnes.filter(
    (object) => /"type":"\w+","status":/.test(JSON.stringify(object)) && !ended(object),
  );
  it.each(conditioned.map((object) => [`${object.apiVersion}/${object.kind}`, object] as const))(
    'is not healthy by conditions of an older generation: %s',
    (_name, object) => {
      const older = aged({ ...object, metadata: { ...object.metadata, generation: 7 } }) as KubeObject;
      expect(assessHealth(older).status).not.toBe('Healthy');
    },
  );
});

/** The same with every condition, wherever it stands, and no other part of a generation before. */
function aged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(aged);
  if (typeof value !== 'object' || value === null) return value;
  const { observedGeneration: _seen, ...rest } = value as Record<string, unknown>;
  const inner = Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, aged(part)]));
  return 'type' in rest && 'status' in rest ? { ...inner, observedGeneration: 6 } : inner;
}
