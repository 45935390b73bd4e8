import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  create,
  createFileRegistry,
  fromBinary,
  toBinary,
  toJson,
  type DescMessage,
  type JsonObject,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { AgentMessage, HubMessage } from '@fairlead/core/model';
import { decodeHubMessage, encodeAgentMessage } from '@fairlead/wire';

/** How an end of a stream speaks. */
export interface Wire<Said, Heard> {
  readonly encode: (message: Said) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Heard;
}

/** As the agent of this tree does. */
export const currentWire: Wire<AgentMessage, HubMessage> = { encode: encodeAgentMessage, decode: decodeHubMessage };

/** A message of the first release by its field of the envelope: `{ hello: { agentVersion: '0.1.0' } }`. */
export type FirstMessage = Readonly<Record<string, object>>;

/**
 * As an agent of the first release does: messages and fields are those of the contract as it was released then, kept
 * beside this file, and none that came later. What is heard is in ProtoJSON: digests in base64, numbers of 64 bits as
 * text.
 */
export async function firstWire(): Promise<Wire<FirstMessage, JsonObject>> {
  const bytes = await readFile(join(import.meta.dirname, 'wire-0.1.binpb'));
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  const envelope = (name: string): DescMessage => {
    const found = registry.getMessage(`fairlead.v1.${name}`);
    if (!found) throw new Error(`Cannot find ${name} in the contract of the first release`);
    return found;
  };
  const [agent, hub] = [envelope('AgentEnvelope'), envelope('HubEnvelope')];
  return {
    encode(message) {
      const [[field, value] = ['', {}]] = Object.entries(message);
      return toBinary(agent, create(agent, { message: { case: field, value } }));
    },
    decode: (heard) => toJson(hub, fromBinary(hub, heard)) as JsonObject,
  };
}
