import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import type { BlobPart, DesiredEntry, HubMessage, MessageOf, Tombstone } from '@fairlead/core/model';
import { decoded, encoded, traceFrom, traceTo } from './envelope.ts';
import { HubEnvelopeSchema, QueryKind, type BlobPart as WirePart, type HubEnvelope } from './gen/fairlead/v1/hub_pb.js';
import type { DesiredEntry as WireEntry, Tombstone as WireTombstone } from './gen/fairlead/v1/state_pb.js';
import { limits } from './limits.ts';
import {
  commitFrom,
  commitTo,
  countFrom,
  countTo,
  digestFrom,
  digestTo,
  list,
  required,
  smallCountTo,
  text,
  unreadable,
  words,
} from './scalars.ts';
import {
  acknowledgedFrom,
  acknowledgedTo,
  applicationFrom,
  headFrom,
  keyFrom,
  positionFrom,
  positionTo,
} from './state.ts';

const queryKinds = words({
  Tree: QueryKind.TREE,
  Object: QueryKind.OBJECT,
  Diff: QueryKind.DIFF,
  Events: QueryKind.EVENTS,
});

type Body = NonNullable<MessageInitShape<typeof HubEnvelopeSchema>['message']>;
type WireBody<Case> = Extract<HubEnvelope['message'], { case: Case }>['value'];

/** Objects messages that were encoded, for as long as somebody holds them. */
const encodedObjects = new WeakMap<HubMessage, Uint8Array>();

/**
 * Encodes what the hub sends. The same Objects message is encoded once, however many clusters it goes to: nobody may
 * change it, or the bytes, after that. Throws InvalidInput for a value that has no place on the wire, or a message too
 * large.
 */
export function encodeHubMessage(message: HubMessage): Uint8Array {
  if (message.type !== 'Objects') return encodeAnew(message);
  const known = encodedObjects.get(message);
  if (known) return known;
  const bytes = encodeAnew(message);
  encodedObjects.set(message, bytes);
  return bytes;
}

function encodeAnew(message: HubMessage): Uint8Array {
  const envelope = create(HubEnvelopeSchema, { ...traceTo(message), message: bodyTo(message) });
  return encoded(toBinary(HubEnvelopeSchema, envelope), message.type);
}

/**
 * Decodes what the hub sent. What a later version added is passed over: fields, whole messages (as
 * `Unknown`), and words, which are read as the nearest that promises nothing. Throws InvalidInput, naming the field, for
 * all that is out of bounds.
 */
export function decodeHubMessage(bytes: Uint8Array): HubMessage {
  const envelope = decoded(bytes, (within) => fromBinary(HubEnvelopeSchema, within));
  return { ...traceFrom(envelope.traceparent), ...bodyFrom(envelope.message) };
}

function bodyTo(message: HubMessage): Body {
  switch (message.type) {
    case 'Settings':
      return {
        case: 'settings',
        value: {
          session: countTo(message.session, 'Settings.session'),
          heartbeatMs: countTo(message.heartbeatMs, 'Settings.heartbeatMs'),
          ...(message.statusDigest && { statusDigest: digestTo(message.statusDigest, 'Settings.statusDigest') }),
        },
      };
    case 'Desired':
      return { case: 'desired', value: desiredTo(message) };
    case 'Objects':
      return {
        case: 'objects',
        value: {
          blobs: message.blobs.map(partTo),
          missing: message.missing.map((digest) => digestTo(digest, 'Objects.missing')),
        },
      };
    case 'NeedStatus':
      return { case: 'needStatus', value: {} };
    case 'PlanRequest': {
      const { id, application, bundle } = message;
      return { case: 'planRequest', value: { id, application, bundle: digestTo(bundle, 'PlanRequest.bundle') } };
    }
    case 'Query': {
      const { id, application, key } = message;
      const kind = queryKinds.to(message.kind, 'Query.kind');
      return { case: 'query', value: { id, application, kind, ...(key && { key }) } };
    }
    case 'Unknown':
      throw unreadable('HubEnvelope.message', 'Unknown, which stands for what others say');
  }
}

function desiredTo(message: MessageOf<HubMessage, 'Desired'>) {
  return {
    head: message.head,
    ...(message.since && { since: positionTo(message.since, 'Desired.since') }),
    entries: message.entries.map((entry, at) => entryTo(entry, `Desired.entries[${at}]`)),
    tombstones: message.tombstones.map((tombstone, at) => ({
      application: tombstone.application,
      commit: commitTo(tombstone.commit, `Desired.tombstones[${at}].commit`),
      acknowledged: acknowledgedTo(tombstone.acknowledged, `Desired.tombstones[${at}].acknowledged`),
    })),
    removed: [...message.removed],
  };
}

function entryTo(entry: DesiredEntry, path: string) {
  const { namespaces, allowKinds, denyKinds } = entry.team;
  return {
    application: entry.application,
    environment: entry.environment,
    release: digestTo(entry.release, `${path}.release`),
    version: entry.version,
    bundle: digestTo(entry.bundle, `${path}.bundle`),
    attempt: commitTo(entry.attempt, `${path}.attempt`),
    team: { namespaces: [...namespaces], allowKinds: [...allowKinds], denyKinds: [...denyKinds] },
    acknowledged: acknowledgedTo(entry.acknowledged, `${path}.acknowledged`),
  };
}

function partTo({ digest, part, parts, data }: BlobPart, at: number) {
  const path = `Objects.blobs[${at}]`;
  return {
    digest: digestTo(digest, `${path}.digest`),
    part: smallCountTo(part, `${path}.part`),
    parts: smallCountTo(parts, `${path}.parts`),
    data,
  };
}

function bodyFrom(body: HubEnvelope['message']): HubMessage {
  switch (body.case) {
    case 'settings': {
      const { session, heartbeatMs, statusDigest } = body.value;
      return {
        type: 'Settings',
        session: countFrom(session, 'Settings.session'),
        heartbeatMs: countFrom(heartbeatMs, 'Settings.heartbeatMs'),
        ...(statusDigest && { statusDigest: digestFrom(statusDigest, 'Settings.statusDigest') }),
      };
    }
    case 'desired':
      return desiredFrom(body.value);
    case 'objects': {
      const blobs = list(body.value.blobs, { path: 'Objects.blobs', most: limits.digests });
      const missing = list(body.value.missing, { path: 'Objects.missing', most: limits.digests });
      return {
        type: 'Objects',
        blobs: blobs.map((part, at) => partFrom(part, `Objects.blobs[${at}]`)),
        missing: missing.map((digest) => digestFrom(digest, 'Objects.missing')),
      };
    }
    case 'needStatus':
      return { type: 'NeedStatus' };
    case 'planRequest':
      return {
        type: 'PlanRequest',
        id: text(body.value.id, { path: 'PlanRequest.id' }),
        application: applicationFrom(body.value.application, 'PlanRequest.application'),
        bundle: digestFrom(body.value.bundle, 'PlanRequest.bundle'),
      };
    case 'query': {
      const { id, kind, application, key } = body.value;
      // A question of a kind that is not known here is not answered; whoever asks knows it by our capabilities.
      if (!queryKinds.knows(kind)) return { type: 'Unknown' };
      return {
        type: 'Query',
        id: text(id, { path: 'Query.id' }),
        kind: queryKinds.from(kind, 'Query.kind'),
        application: applicationFrom(application, 'Query.application'),
        ...(key && { key: keyFrom(key, 'Query.key') }),
      };
    }
    case undefined:
      return { type: 'Unknown' };
  }
}

function desiredFrom(wire: WireBody<'desired'>): MessageOf<HubMessage, 'Desired'> {
  const most = limits.applications;
  const entries = list(wire.entries, { path: 'Desired.entries', most });
  const tombstones = list(wire.tombstones, { path: 'Desired.tombstones', most });
  const removed = list(wire.removed, { path: 'Desired.removed', most });
  return {
    type: 'Desired',
    head: headFrom(wire.head, 'Desired.head'),
    ...(wire.since && { since: positionFrom(wire.since, 'Desired.since') }),
    entries: entries.map((entry, at) => entryFrom(entry, `Desired.entries[${at}]`)),
    tombstones: tombstones.map((tombstone, at) => tombstoneFrom(tombstone, `Desired.tombstones[${at}]`)),
    removed: removed.map((application) => applicationFrom(application, 'Desired.removed')),
  };
}

function entryFrom(wire: WireEntry, path: string): DesiredEntry {
  const { namespaces, allowKinds, denyKinds } = required(wire.team, `${path}.team`);
  const patterns = (values: readonly string[], field: string): string[] =>
    list(values, { path: `${path}.team.${field}`, most: limits.listed }).map((value) =>
      text(value, { path: `${path}.team.${field}` }),
    );
  return {
    application: applicationFrom(wire.application, `${path}.application`),
    environment: text(wire.environment, { path: `${path}.environment` }),
    release: digestFrom(wire.release, `${path}.release`),
    version: text(wire.version, { path: `${path}.version`, empty: 'allowed' }),
    bundle: digestFrom(wire.bundle, `${path}.bundle`),
    attempt: commitFrom(wire.attempt, `${path}.attempt`),
    team: {
      namespaces: patterns(namespaces, 'namespaces'),
      allowKinds: patterns(allowKinds, 'allowKinds'),
      denyKinds: patterns(denyKinds, 'denyKinds'),
    },
    acknowledged: acknowledgedFrom(wire.acknowledged, `${path}.acknowledged`),
  };
}

function tombstoneFrom(wire: WireTombstone, path: string): Tombstone {
  return {
    application: applicationFrom(wire.application, `${path}.application`),
    commit: commitFrom(wire.commit, `${path}.commit`),
    acknowledged: acknowledgedFrom(wire.acknowledged, `${path}.acknowledged`),
  };
}

function partFrom({ digest, part, parts, data }: WirePart, path: string): BlobPart {
  if (data.length > limits.partBytes)
    throw unreadable(`${path}.data`, `${data.length} bytes, and the limit is ${limits.partBytes}`);
  if (parts < 1 || parts > limits.parts || part >= parts) throw unreadable(path, `part ${part} of ${parts}`);
  return { digest: digestFrom(digest, `${path}.digest`), part, parts, data };
}
