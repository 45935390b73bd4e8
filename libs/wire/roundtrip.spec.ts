import {
  isName,
  reasons,
  type AgentMessage,
  type ApplicationId,
  type ApplicationStatus,
  type BlobPart,
  type CommitSha,
  type DesiredEntry,
  type Digest,
  type DriftItem,
  type HubMessage,
  type ObjectKey,
  type Reason,
} from '@fairlead/core/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAgentMessage, encodeAgentMessage } from './agent.ts';
import { decodeHubMessage, encodeHubMessage } from './hub.ts';

const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/).filter(isName);
const words = fc.string({ maxLength: 40 });
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}` as Digest);
const commit = fc.stringMatching(/^[0-9a-f]{40}$/) as fc.Arbitrary<CommitSha>;
const application = fc.tuple(name, name).map((parts) => parts.join('/') as ApplicationId);
const reason = fc.constantFrom(...(Object.keys(reasons) as Reason[]));
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const small = fc.nat({ max: 0xffffffff });
const bytes = fc.uint8Array({ maxLength: 64 });
const signed = fc.record({ bytes, signature: bytes, keyId: name });
const position = fc.record({ epoch: count, generation: count });
const key: fc.Arbitrary<ObjectKey> = fc.record({ group: words, kind: name, namespace: words, name });
const acknowledged = fc.dictionary(words, commit, { maxKeys: 3 });

/** Leaves out what is undefined: the model has no explicit undefined. */
function dense<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return arbitrary.map(
    (value) => Object.fromEntries(Object.entries(value as object).filter(([, part]) => part !== undefined)) as T,
  );
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.option(arbitrary, { nil: undefined }) as fc.Arbitrary<T>;

const health = fc.constantFrom('Healthy', 'Progressing', 'Degraded', 'Suspended', 'Missing', 'Unknown');

const status = dense(
  fc.record({
    application,
    release: digest,
    bundle: digest,
    attempt: commit,
    sync: fc.constantFrom('Held', 'Assigned', 'Applying', 'InSync', 'OutOfSync', 'Failed'),
    health,
    drift: fc.constantFrom('None', 'Corrected', 'Present', 'Fighting'),
    reason,
    message: words,
    objects: small,
    healthyObjects: small,
    healthyForMs: maybe(count),
    problems: fc.array(fc.record({ key, health, reason, message: words }), { maxLength: 3 }),
  }),
) as fc.Arbitrary<ApplicationStatus>;

const drift = dense(
  fc.record({
    application,
    key,
    kind: fc.constantFrom('Deleted', 'Changed', 'TakenOver', 'Unlabelled'),
    pointer: words,
    wanted: words,
    found: words,
    manager: maybe(words),
    operation: maybe(words),
    atMs: maybe(count),
    outcome: fc.constantFrom('Corrected', 'Reported', 'Damped', 'Failed'),
    tookMs: maybe(count),
  }),
) as fc.Arbitrary<DriftItem>;

const patterns = fc.array(name, { maxLength: 3 });
const entry: fc.Arbitrary<DesiredEntry> = fc.record({
  application,
  environment: name,
  release: digest,
  version: words,
  bundle: digest,
  attempt: commit,
  team: fc.record({ namespaces: patterns, allowKinds: patterns, denyKinds: patterns }),
  acknowledged,
});

const part: fc.Arbitrary<BlobPart> = fc
  .tuple(digest, fc.integer({ min: 1, max: 256 }), fc.nat(), bytes)
  .map(([of, parts, at, data]) => ({ digest: of, parts, part: at % parts, data }));

const traceparent = maybe(fc.constant('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'));
const result = { id: name, resultJson: words, error: maybe(words), traceparent };

const agentMessages = fc.oneof(
  dense(
    fc.record({
      type: fc.constant('Hello'),
      agentVersion: name,
      kubernetesVersion: name,
      capabilities: patterns,
      position: maybe(position),
      root: maybe(digest),
      head: maybe(signed),
      statusDigest: digest,
      traceparent,
    }),
  ),
  fc.record({ type: fc.constant('Want'), digests: fc.array(digest, { maxLength: 9 }) }),
  fc.record({
    type: fc.constant('StatusDelta'),
    session: count,
    sequence: count,
    full: fc.boolean(),
    changed: fc.array(status, { maxLength: 3 }),
    removed: fc.array(application, { maxLength: 3 }),
    statusDigest: digest,
  }),
  fc.record({ type: fc.constant('DriftReport'), session: count, items: fc.array(drift, { maxLength: 3 }) }),
  fc.record({ type: fc.constant('Ack'), session: count, position, root: digest }),
  dense(fc.record({ type: fc.constant('PlanResult'), ...result })),
  dense(fc.record({ type: fc.constant('QueryResult'), ...result })),
  fc.record({ type: fc.constant('Heartbeat'), session: count, statusDigest: digest }),
) as fc.Arbitrary<AgentMessage>;

const hubMessages = fc.oneof(
  dense(
    fc.record({
      type: fc.constant('Settings'),
      session: count,
      heartbeatMs: count,
      statusDigest: maybe(digest),
      traceparent,
    }),
  ),
  dense(
    fc.record({
      type: fc.constant('Desired'),
      head: signed,
      since: maybe(position),
      entries: fc.array(entry, { maxLength: 3 }),
      tombstones: fc.array(fc.record({ application, commit, acknowledged }), { maxLength: 3 }),
      removed: fc.array(application, { maxLength: 3 }),
    }),
  ),
  fc.record({
    type: fc.constant('Objects'),
    blobs: fc.array(part, { maxLength: 3 }),
    missing: fc.array(digest, { maxLength: 3 }),
  }),
  fc.constant({ type: 'NeedStatus' }),
  fc.record({ type: fc.constant('PlanRequest'), id: name, application, bundle: digest }),
  dense(
    fc.record({
      type: fc.constant('Query'),
      id: name,
      kind: fc.constantFrom('Tree', 'Object', 'Diff', 'Events'),
      application,
      key: maybe(key),
    }),
  ),
) as fc.Arbitrary<HubMessage>;

test('what an agent sends arrives as it was sent', () => {
  fc.assert(
    fc.property(agentMessages, (message) => {
      expect(decodeAgentMessage(encodeAgentMessage(message))).toEqual(message);
    }),
    { numRuns: 500 },
  );
});

test('what a hub sends arrives as it was sent', () => {
  fc.assert(
    fc.property(hubMessages, (message) => {
      expect(decodeHubMessage(encodeHubMessage(message))).toEqual(message);
    }),
    { numRuns: 500 },
  );
});

test('any bytes at all are a message or our error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
      for (const decode of [decodeAgentMessage, decodeHubMessage]) {
        try {
          expect(decode(junk).type).toBeTypeOf('string');
        } catch (error) {
          expect(error).toMatchObject({ code: 'InvalidInput', reason: 'InvalidArgument' });
        }
      }
    }),
  );
});
