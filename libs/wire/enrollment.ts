import { create, fromJson, toJson, type JsonValue, type MessageInitShape } from '@bufbuild/protobuf';
import {
  isName,
  type ClusterName,
  type Credentials,
  type EnrollRequest,
  type EnrollResponse,
  type NatsAccess,
  type RenewRequest,
  type RenewResponse,
  type VerifyingKey,
} from '@fairlead/core/model';
import {
  EnrollRequestSchema,
  EnrollResponseSchema,
  RenewRequestSchema,
  RenewResponseSchema,
  type Credentials as WireCredentials,
  type CredentialsSchema,
  type VerifyingKey as WireKey,
} from './gen/fairlead/v1/enrollment_pb.js';
import { countFrom, countTo, list, required, text, unreadable } from './scalars.ts';

const pemChars = 65_536;

/** Bodies of POST /v1/enroll and POST /v1/renew as ProtoJSON. Reading throws InvalidInput, naming the field. */
export const enrollment = {
  readEnrollRequest(body: unknown): EnrollRequest {
    const wire = read(() => fromJson(EnrollRequestSchema, body as JsonValue));
    return {
      token: text(wire.token, { path: 'token' }),
      csrPem: text(wire.csrPem, { path: 'csrPem', most: pemChars }),
      kubernetesVersion: text(wire.kubernetesVersion, { path: 'kubernetesVersion' }),
      agentVersion: text(wire.agentVersion, { path: 'agentVersion' }),
      ...natsUserFrom(wire),
    };
  },
  writeEnrollRequest: (request: EnrollRequest): unknown =>
    toJson(EnrollRequestSchema, create(EnrollRequestSchema, { ...request })),

  readEnrollResponse(body: unknown): EnrollResponse {
    const wire = read(() => fromJson(EnrollResponseSchema, body as JsonValue));
    return { cluster: clusterFrom(wire.cluster), credentials: credentialsFrom(wire.credentials) };
  },
  writeEnrollResponse: ({ cluster, credentials }: EnrollResponse): unknown =>
    toJson(EnrollResponseSchema, create(EnrollResponseSchema, { cluster, credentials: credentialsTo(credentials) })),

  readRenewRequest(body: unknown): RenewRequest {
    const wire = read(() => fromJson(RenewRequestSchema, body as JsonValue));
    return {
      cluster: clusterFrom(wire.cluster),
      csrPem: text(wire.csrPem, { path: 'csrPem', most: pemChars }),
      ...natsUserFrom(wire),
    };
  },
  writeRenewRequest: (request: RenewRequest): unknown =>
    toJson(RenewRequestSchema, create(RenewRequestSchema, { ...request })),

  readRenewResponse(body: unknown): RenewResponse {
    const wire = read(() => fromJson(RenewResponseSchema, body as JsonValue));
    return { credentials: credentialsFrom(wire.credentials) };
  },
  writeRenewResponse: ({ credentials }: RenewResponse): unknown =>
    toJson(RenewResponseSchema, create(RenewResponseSchema, { credentials: credentialsTo(credentials) })),
} as const;

function read<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    // The parser's message names the field; it may quote a short value, and no field but the token is secret.
    const message = cause instanceof Error ? cause.message : String(cause);
    throw unreadable('body', message.includes('token') ? 'no such message' : message.slice(0, 200));
  }
}

function clusterFrom(value: string): ClusterName {
  if (!isName(value)) throw unreadable('cluster', `"${value.slice(0, 80)}" and not a name`);
  return value as ClusterName;
}

function natsUserFrom({ natsUserKey }: { natsUserKey?: string | undefined }): { natsUserKey?: string } {
  if (natsUserKey === undefined) return {};
  if (!/^U[A-Z2-7]{55}$/.test(natsUserKey))
    throw unreadable('natsUserKey', `"${natsUserKey.slice(0, 80)}" and no public NKey of a user`);
  return { natsUserKey };
}

function credentialsFrom(wire: WireCredentials | undefined): Credentials {
  const found = required(wire, 'credentials');
  return {
    certificatePem: text(found.certificatePem, { path: 'credentials.certificatePem', most: pemChars }),
    notAfterMs: countFrom(found.notAfterMs, 'credentials.notAfterMs'),
    caPem: text(found.caPem, { path: 'credentials.caPem', most: pemChars }),
    verifyingKeys: list(found.verifyingKeys, { path: 'credentials.verifyingKeys', most: 64 }).map(verifyingKeyFrom),
    gatewayAddress: text(found.gatewayAddress, { path: 'credentials.gatewayAddress' }),
    ...natsFrom(found),
  };
}

function natsFrom({ natsUserJwt, natsAddress, natsCaPem }: WireCredentials): { nats?: NatsAccess } {
  if (natsUserJwt === undefined) return {};
  const userJwt = text(natsUserJwt, { path: 'credentials.natsUserJwt', most: pemChars });
  const address = text(natsAddress ?? '', { path: 'credentials.natsAddress' });
  if (natsCaPem === undefined) return { nats: { userJwt, address } };
  return { nats: { userJwt, address, caPem: text(natsCaPem, { path: 'credentials.natsCaPem', most: pemChars }) } };
}

function verifyingKeyFrom({ keyId, publicKey, signedBy, signature }: WireKey): VerifyingKey {
  return {
    keyId: text(keyId, { path: 'credentials.verifyingKeys.keyId' }),
    publicKey,
    ...(signedBy !== undefined && { signedBy }),
    ...(signature !== undefined && { signature }),
  };
}

function credentialsTo({ nats, ...credentials }: Credentials): MessageInitShape<typeof CredentialsSchema> {
  const { userJwt, address, caPem } = nats ?? {};
  return {
    ...credentials,
    ...(userJwt !== undefined && { natsUserJwt: userJwt }),
    ...(address !== undefined && { natsAddress: address }),
    ...(caPem !== undefined && { natsCaPem: caPem }),
    notAfterMs: countTo(credentials.notAfterMs, 'credentials.notAfterMs'),
    verifyingKeys: credentials.verifyingKeys.map((key) => ({ ...key })),
  };
}
