import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, createFileRegistry, fromBinary, toBinary, toJson, type DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { desiredRoot } from '@fairlead/core/bundle';
import type { AgentMessage, HubMessage } from '@fairlead/core/model';
import { decodeAgentMessage, decodeHubMessage, encodeAgentMessage, encodeHubMessage } from '@fairlead/wire';
import { describe, expect, it } from 'vitest';

/** Bytes as ends of the first release wrote them, and what they mean; never written anew. */
interface Said {
  readonly name: string;
  readonly bytes: string;
  readonly reads: AgentMessage | HubMessage;
}

const beside = (name: string): string => join(import.meta.dirname, name);
const said = JSON.parse(await readFile(beside('said-0.1.json'), 'utf8')) as Record<
  'AgentEnvelope' | 'HubEnvelope',
  readonly Said[]
>;
const first = createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(beside('wire-0.1.binpb'))));

function envelope(name: keyof typeof said): DescMessage {
  const found = first.getMessage(`fairlead.v1.${name}`);
  if (!found) throw new Error(`Cannot find ${name} in the contract of the first release`);
  return found;
}

const ends = {
  AgentEnvelope: {
    decode: decodeAgentMessage,
    encode: (message: Said['reads']) => encodeAgentMessage(message as AgentMessage),
  },
  HubEnvelope: {
    decode: decodeHubMessage,
    encode: (message: Said['reads']) => encodeHubMessage(message as HubMessage),
  },
} as const;
const cases = (['AgentEnvelope', 'HubEnvelope'] as const).flatMap((end) =>
  said[end].map((one) => [one.name, { end, ...one }] as const),
);
const bytesOf = ({ bytes }: Pick<Said, 'bytes'>): Uint8Array => Uint8Array.from(Buffer.from(bytes, 'base64'));
const asText = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? Buffer.from(part).toString('base64') : part)),
  );

/** One field of a number that no version uses, with some bytes in it. */
const laterField = new Uint8Array([0xfa, 0x3e, 0x02, 0x01, 0x02]);

describe('what an end of the first release says is read today', () => {
  it.each(cases)('%s', (_name, { end, reads, ...one }) => {
    expect(asText(ends[end].decode(bytesOf(one)))).toEqual(reads);
  });

  it.each(cases)('%s, with a field that a later version added', (_name, { end, reads, ...one }) => {
    const later = Uint8Array.from([...bytesOf(one), ...laterField]);
    expect(asText(ends[end].decode(later))).toEqual(reads);
  });
});

describe('what is said today is read by an end of the first release', () => {
  it.each(cases)('%s', (_name, { end, ...one }) => {
    const then = fromBinary(envelope(end), bytesOf(one));
    const now = fromBinary(envelope(end), ends[end].encode(ends[end].decode(bytesOf(one))));
    expect(toJson(envelope(end), now)).toEqual(toJson(envelope(end), then));
  });
});

describe('what a later version adds', () => {
  const delta = (change: object): AgentMessage => {
    const [found] = said.AgentEnvelope.filter(({ name }) => name === 'a StatusDelta');
    const schema = envelope('AgentEnvelope');
    const wire = fromBinary(schema, bytesOf(found as Said)) as unknown as {
      message: { value: { changed: Record<string, unknown>[] } };
    };
    Object.assign(wire.message.value.changed[0] ?? {}, change);
    return decodeAgentMessage(toBinary(schema, wire as never));
  };
  const changed = (message: AgentMessage): object =>
    message.type === 'StatusDelta' ? (message.changed[0] ?? {}) : { type: message.type };

  it.each([
    ['a reason', { reason: 'EclipseOfTheSun' }, { reason: 'ReasonUnknown', message: 'another manager changes it' }],
    ['a state of sync', { sync: 99 }, { sync: 'OutOfSync' }],
    ['a state of health', { health: 99 }, { health: 'Unknown' }],
    ['a state of drift', { drift: 99 }, { drift: 'Present' }],
  ])('%s is read as what promises least, and the rest as it is', (_name, change, reads) => {
    expect(changed(delta(change))).toMatchObject({ application: 'web/shop', objects: 3, ...reads });
  });

  it('a message is passed over by both ends', () => {
    expect(decodeAgentMessage(laterField)).toEqual({ type: 'Unknown' });
    expect(decodeHubMessage(laterField)).toEqual({ type: 'Unknown' });
    expect(() => encodeAgentMessage({ type: 'Unknown' })).toThrow('Unknown');
    expect(() => encodeHubMessage({ type: 'Unknown' })).toThrow('Unknown');
  });

  it('a kind of question is not answered by an agent that does not know it', () => {
    const schema = envelope('HubEnvelope');
    const query = { case: 'query', value: { id: 'q', kind: 99, application: 'web/shop' } };
    expect(decodeHubMessage(toBinary(schema, create(schema, { message: query })))).toEqual({
      type: 'Unknown',
    });
  });

  it('to a desired state leaves the root of one without it as it was, for an older agent computes it too', () => {
    const desired = said.HubEnvelope.find(({ name }) => name === 'a whole Desired')?.reads;
    if (desired?.type !== 'Desired') throw new Error('the recording has no Desired');
    expect(desiredRoot(desired)).toBe('sha256:382cc58a9fc8b0bfc84fa58764bb834a608478fdd71e878243b94cf50183cbf2');
  });
});
