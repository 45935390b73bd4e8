import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import type { AgentMessage, MessageOf } from '@fairlead/core/model';
import { AgentEnvelopeSchema, type AgentEnvelope } from './gen/fairlead/v1/agent_pb.js';
import { decoded, encoded, traceFrom, traceTo } from './envelope.ts';
import { limits } from './limits.ts';
import { countFrom, countTo, digestFrom, digestTo, list, text, unreadable } from './scalars.ts';
import {
  applicationFrom,
  driftFrom,
  driftTo,
  headFrom,
  positionFrom,
  positionTo,
  statusFrom,
  statusTo,
} from './state.ts';

type Body = NonNullable<MessageInitShape<typeof AgentEnvelopeSchema>['message']>;
type WireBody<Case> = Extract<AgentEnvelope['message'], { case: Case }>['value'];

/** Encodes what an agent sends. Throws InvalidInput for a value that has no place on the wire, or a message too large. */
export function encodeAgentMessage(message: AgentMessage): Uint8Array {
  const envelope = create(AgentEnvelopeSchema, { ...traceTo(message), message: bodyTo(message) });
  return encoded(toBinary(AgentEnvelopeSchema, envelope), message.type);
}

/**
 * Decodes what an agent sent. What a later version added is passed over: fields, whole messages (as
 * `Unknown`), and words, which are read as the nearest that promises nothing. Throws InvalidInput, naming the field, for
 * all that is out of bounds.
 */
export function decodeAgentMessage(bytes: Uint8Array): AgentMessage {
  const envelope = decoded(bytes, (within) => fromBinary(AgentEnvelopeSchema, within));
  return { ...traceFrom(envelope.traceparent), ...bodyFrom(envelope.message) };
}

function bodyTo(message: AgentMessage): Body {
  switch (message.type) {
    case 'Hello':
      return { case: 'hello', value: helloTo(message) };
    case 'Want':
      return { case: 'want', value: { digests: message.digests.map((one) => digestTo(one, 'Want.digests')) } };
    case 'StatusDelta':
      return { case: 'statusDelta', value: deltaTo(message) };
    case 'DriftReport':
      return {
        case: 'driftReport',
        value: {
          session: countTo(message.session, 'DriftReport.session'),
          items: message.items.map((item, at) => driftTo(item, `DriftReport.items[${at}]`)),
        },
      };
    case 'Ack':
      return {
        case: 'ack',
        value: {
          session: countTo(message.session, 'Ack.session'),
          position: positionTo(message.position, 'Ack.position'),
          root: digestTo(message.root, 'Ack.root'),
        },
      };
    case 'PlanResult':
      return { case: 'planResult', value: resultTo(message) };
    case 'QueryResult':
      return { case: 'queryResult', value: resultTo(message) };
    case 'Heartbeat':
      return {
        case: 'heartbeat',
        value: {
          session: countTo(message.session, 'Heartbeat.session'),
          statusDigest: digestTo(message.statusDigest, 'Heartbeat.statusDigest'),
        },
      };
    case 'Unknown':
      throw unreadable('AgentEnvelope.message', 'Unknown, which stands for what others say');
  }
}

function helloTo(message: MessageOf<AgentMessage, 'Hello'>) {
  const { position, root, head } = message;
  return {
    agentVersion: message.agentVersion,
    kubernetesVersion: message.kubernetesVersion,
    capabilities: [...message.capabilities],
    ...(position && { position: positionTo(position, 'Hello.position') }),
    ...(root && { root: digestTo(root, 'Hello.root') }),
    statusDigest: digestTo(message.statusDigest, 'Hello.statusDigest'),
    ...(head && { head }),
  };
}

function deltaTo(message: MessageOf<AgentMessage, 'StatusDelta'>) {
  return {
    session: countTo(message.session, 'StatusDelta.session'),
    sequence: countTo(message.sequence, 'StatusDelta.sequence'),
    full: message.full,
    changed: message.changed.map((status, at) => statusTo(status, `StatusDelta.changed[${at}]`)),
    removed: [...message.removed],
    statusDigest: digestTo(message.statusDigest, 'StatusDelta.statusDigest'),
  };
}

function resultTo(message: MessageOf<AgentMessage, 'PlanResult' | 'QueryResult'>) {
  const { id, resultJson, error } = message;
  return { id, resultJson, ...(error !== undefined && { error }) };
}

function bodyFrom(body: AgentEnvelope['message']): AgentMessage {
  switch (body.case) {
    case 'hello':
      return helloFrom(body.value);
    case 'want':
      return { type: 'Want', digests: digestsFrom(body.value.digests, 'Want.digests') };
    case 'statusDelta':
      return deltaFrom(body.value);
    case 'driftReport': {
      const items = list(body.value.items, { path: 'DriftReport.items', most: limits.driftItems });
      return {
        type: 'DriftReport',
        session: countFrom(body.value.session, 'DriftReport.session'),
        items: items.map((item, at) => driftFrom(item, `DriftReport.items[${at}]`)),
      };
    }
    case 'ack':
      return {
        type: 'Ack',
        session: countFrom(body.value.session, 'Ack.session'),
        position: positionFrom(body.value.position, 'Ack.position'),
        root: digestFrom(body.value.root, 'Ack.root'),
      };
    case 'planResult':
      return { type: 'PlanResult', ...resultFrom(body.value, 'PlanResult') };
    case 'queryResult':
      return { type: 'QueryResult', ...resultFrom(body.value, 'QueryResult') };
    case 'heartbeat':
      return {
        type: 'Heartbeat',
        session: countFrom(body.value.session, 'Heartbeat.session'),
        statusDigest: digestFrom(body.value.statusDigest, 'Heartbeat.statusDigest'),
      };
    case undefined:
      return { type: 'Unknown' };
  }
}

function helloFrom(wire: WireBody<'hello'>): MessageOf<AgentMessage, 'Hello'> {
  const capabilities = list(wire.capabilities, { path: 'Hello.capabilities', most: limits.capabilities });
  return {
    type: 'Hello',
    agentVersion: text(wire.agentVersion, { path: 'Hello.agentVersion' }),
    kubernetesVersion: text(wire.kubernetesVersion, { path: 'Hello.kubernetesVersion' }),
    capabilities: capabilities.map((one) => text(one, { path: 'Hello.capabilities' })),
    ...(wire.position && { position: positionFrom(wire.position, 'Hello.position') }),
    ...(wire.root && { root: digestFrom(wire.root, 'Hello.root') }),
    statusDigest: digestFrom(wire.statusDigest, 'Hello.statusDigest'),
    ...(wire.head && { head: headFrom(wire.head, 'Hello.head') }),
  };
}

function deltaFrom(wire: WireBody<'statusDelta'>): MessageOf<AgentMessage, 'StatusDelta'> {
  const changed = list(wire.changed, { path: 'StatusDelta.changed', most: limits.applications });
  const removed = list(wire.removed, { path: 'StatusDelta.removed', most: limits.applications });
  return {
    type: 'StatusDelta',
    session: countFrom(wire.session, 'StatusDelta.session'),
    sequence: countFrom(wire.sequence, 'StatusDelta.sequence'),
    full: wire.full,
    changed: changed.map((status, at) => statusFrom(status, `StatusDelta.changed[${at}]`)),
    removed: removed.map((one) => applicationFrom(one, 'StatusDelta.removed')),
    statusDigest: digestFrom(wire.statusDigest, 'StatusDelta.statusDigest'),
  };
}

function resultFrom(wire: WireBody<'planResult' | 'queryResult'>, name: string) {
  return {
    id: text(wire.id, { path: `${name}.id` }),
    resultJson: text(wire.resultJson, { path: `${name}.resultJson`, most: limits.resultChars, empty: 'allowed' }),
    ...(wire.error !== undefined && {
      error: text(wire.error, { path: `${name}.error`, most: limits.messageChars, empty: 'allowed' }),
    }),
  };
}

function digestsFrom(wire: readonly Uint8Array[], path: string) {
  return list(wire, { path, most: limits.digests }).map((one) => digestFrom(one, path));
}
