import { create, toBinary } from '@bufbuild/protobuf';
import { FairleadError, type AgentMessage, type Digest } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { decodeAgentMessage, encodeAgentMessage } from './agent.ts';
import { enrollment } from './enrollment.ts';
import { AgentEnvelopeSchema } from './gen/fairlead/v1/agent_pb.js';
import { HubEnvelopeSchema } from './gen/fairlead/v1/hub_pb.js';
import { decodeHubMessage } from './hub.ts';
import { limits } from './limits.ts';
import { connectPath } from './service.ts';

const sha = new Uint8Array(32);
const status = {
  application: 'web/shop',
  release: sha,
  bundle: sha,
  attempt: new Uint8Array(20),
  sync: 4,
  health: 1,
  drift: 1,
  reason: 'Applied',
};

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(FairleadError);
    return (error as FairleadError).message;
  }
  return 'accepted';
}

/** Encodes an envelope that need not be valid. */
function fromAgent(message: { case: string; value: object }): string {
  const envelope = create(AgentEnvelopeSchema, { message: message as never });
  return refusal(() => decodeAgentMessage(toBinary(AgentEnvelopeSchema, envelope)));
}

function delta(change: object): string {
  return fromAgent({ case: 'statusDelta', value: { changed: [{ ...status, ...change }], statusDigest: sha } });
}

test('each field that is out of bounds is refused by its name', () => {
  expect(delta({})).toBe('accepted');
  expect(delta({ sync: 0 })).toContain(
    'StatusDelta.changed[0].sync: current value is 0, which stands for none of Held,',
  );
  expect(delta({ attempt: sha })).toContain('32 bytes and not the 20 of a commit');
  expect(delta({ bundle: new Uint8Array(31) })).toContain('StatusDelta.changed[0].bundle: current value is 31 bytes');
  expect(delta({ application: 'shop' })).toContain('"shop" and not TEAM/NAME');
  expect(delta({ message: 'x'.repeat(9000) })).toContain('9000 characters long, and the limit is 8192');
  expect(delta({ healthyForMs: 2n ** 60n })).toContain('out of range');
  expect(delta({ problems: Array.from({ length: 21 }, () => ({})) })).toContain('21 items, and the limit is 20');
  expect(delta({ problems: [{ health: 1, reason: 'Applied' }] })).toContain('problems[0].key: current value is absent');
});

test('more digests than the bound are refused', () => {
  const digests = Array.from({ length: limits.digests + 1 }, () => sha);
  expect(fromAgent({ case: 'want', value: { digests } })).toContain('4097 items, and the limit is 4096');
});

test('a part that is too large or out of its count is refused', () => {
  const part = (change: object): string => {
    const blobs = [{ digest: sha, part: 0, parts: 1, data: sha, ...change }];
    const envelope = create(HubEnvelopeSchema, { message: { case: 'objects', value: { blobs, missing: [] } } });
    return refusal(() => decodeHubMessage(toBinary(HubEnvelopeSchema, envelope)));
  };
  expect(part({})).toBe('accepted');
  expect(part({ data: new Uint8Array(limits.partBytes + 1) })).toContain('Objects.blobs[0].data');
  expect(part({ part: 1 })).toContain('part 1 of 1');
  expect(part({ parts: 0 })).toContain('part 0 of 0');
});

test('a message over the limit is not sent', () => {
  const message: AgentMessage = { type: 'QueryResult', id: 'q', resultJson: 'x'.repeat(limits.messageBytes) };
  expect(refusal(() => encodeAgentMessage(message))).toContain('QueryResult: current value is 4194');
  expect(refusal(() => decodeAgentMessage(new Uint8Array(limits.messageBytes + 1)))).toContain('the limit is 4194304');
});

test('a digest that is none is not sent', () => {
  const message: AgentMessage = { type: 'Want', digests: ['sha256:beef' as Digest] };
  expect(refusal(() => encodeAgentMessage(message))).toContain('"sha256:beef" and not a SHA-256 digest');
});

test('enrolment travels as JSON and comes back alike', () => {
  const request = { token: 't', csrPem: 'pem', kubernetesVersion: 'v1.36.1', agentVersion: '0.1.0' };
  expect(enrollment.writeEnrollRequest(request)).toEqual(request);
  expect(enrollment.readEnrollRequest(enrollment.writeEnrollRequest(request))).toEqual(request);
  const credentials = {
    certificatePem: 'certificate',
    notAfterMs: 1_800_000_000_000,
    caPem: 'ca',
    verifyingKeys: [
      { keyId: 'a', publicKey: new Uint8Array([1, 2]) },
      { keyId: 'b', publicKey: new Uint8Array([3]), signedBy: 'a', signature: new Uint8Array([4]) },
    ],
    gatewayAddress: 'hub.example.com:8443',
  };
  const response = { cluster: 'shop-0042' as never, credentials };
  const text = JSON.stringify(enrollment.writeEnrollResponse(response));
  expect(enrollment.readEnrollResponse(JSON.parse(text))).toEqual(response);
  const renewal = { cluster: 'shop-0042' as never, csrPem: 'pem' };
  expect(enrollment.readRenewRequest(enrollment.writeRenewRequest(renewal))).toEqual(renewal);
  expect(enrollment.readRenewResponse(enrollment.writeRenewResponse({ credentials }))).toEqual({ credentials });
});

test('what an agent over NATS needs travels beside the rest', () => {
  const nats = { userJwt: 'a.b.c', address: 'tls://nats.example.com:4222', caPem: 'broker' };
  const credentials = {
    certificatePem: 'certificate',
    notAfterMs: 1,
    caPem: 'ca',
    verifyingKeys: [],
    gatewayAddress: 'hub.example.com:8443',
    nats,
  };
  expect(enrollment.readRenewResponse(enrollment.writeRenewResponse({ credentials }))).toEqual({ credentials });
  const renewal = { cluster: 'shop-0042' as never, csrPem: 'pem', natsUserKey: `U${'A'.repeat(55)}` };
  expect(enrollment.readRenewRequest(enrollment.writeRenewRequest(renewal))).toEqual(renewal);
  const request = {
    token: 't',
    csrPem: 'pem',
    kubernetesVersion: 'v1.36.1',
    agentVersion: '0.1.0',
    natsUserKey: `U${'A'.repeat(55)}`,
  };
  expect(enrollment.readEnrollRequest(enrollment.writeEnrollRequest(request))).toEqual(request);
});

test('a body that is no enrolment is refused without repeating the token', () => {
  expect(refusal(() => enrollment.readEnrollRequest(null))).toContain('Cannot read body');
  expect(refusal(() => enrollment.readEnrollRequest({ token: ['hunter2'] }))).not.toContain('hunter2');
  expect(refusal(() => enrollment.readEnrollRequest({ token: 't' }))).toContain(
    'Cannot read csrPem: current value is empty',
  );
  expect(refusal(() => enrollment.readRenewRequest({ cluster: 'UPPER', csrPem: 'x' }))).toContain(
    '"UPPER" and not a name',
  );
});

test('the stream has the path that the service names', () => {
  expect(connectPath).toBe('/fairlead.v1.Gateway/Connect');
});
