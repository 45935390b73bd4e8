import type {
  ClusterName,
  Credentials,
  EnrollRequest,
  EnrollResponse,
  RenewRequest,
  RenewResponse,
  VerifyingKey,
} from '@fairlead/core/model';

/** The two calls that come before a stream. Both throw `FairleadError` (TokenInvalid, TokenExpired, TokenUsed, HubUnreachable, …). */
export interface HubCalls {
  enroll(request: EnrollRequest): Promise<EnrollResponse>;
  /** By possession of the key, which the request is signed with: the certificate may have run out. */
  renew(request: RenewRequest, current: AgentIdentity): Promise<RenewResponse>;
}

/** Who the agent is: kept in a Secret of its namespace. */
export interface AgentIdentity {
  readonly cluster: ClusterName;
  /** PEM, PKCS#8. Never leaves the cluster. */
  readonly privateKey: string;
  readonly credentials: Credentials;
  /** Of the NATS user that `credentials.nats` lets in. Never leaves the cluster. */
  readonly natsSeed?: string;
  /** When the certificate came, by the agent's clock: it is renewed at two thirds of the time from then on. */
  readonly issuedAtMs: number;
}

/** A NATS user of the agent's own making. */
export interface NatsUser {
  readonly seed: string;
  /** What the hub signs for. */
  readonly publicKey: string;
}

/** Keys and certificate requests, as the agent needs them. */
export interface Pki {
  /** A new private key, PEM. */
  newKey(): Promise<string>;
  /** A PKCS#10 request (PEM) for the cluster's name, signed by the key. */
  csr(privateKey: string, cluster: ClusterName): Promise<string>;
  /** The keys that may be trusted: those that are already, and of the offered ones those that a trusted one signed. */
  extendTrust(known: readonly VerifyingKey[], offered: readonly VerifyingKey[]): readonly VerifyingKey[];
}

/** The identity as text, for the Secret. */
export function writeIdentity(identity: AgentIdentity): string {
  const keys = identity.credentials.verifyingKeys.map(({ publicKey, signature, ...key }) => ({
    ...key,
    publicKey: Buffer.from(publicKey).toString('base64'),
    ...(signature === undefined ? {} : { signature: Buffer.from(signature).toString('base64') }),
  }));
  return JSON.stringify({ ...identity, credentials: { ...identity.credentials, verifyingKeys: keys } });
}

/** Reads what {@link writeIdentity} wrote; undefined while there is a key and no certificate yet. */
export function readIdentity(text: string): AgentIdentity | undefined {
  const { credentials, ...identity } = JSON.parse(text) as Omit<AgentIdentity, 'credentials'> & {
    credentials?: StoredCredentials;
  };
  if (!credentials) return undefined;
  const verifyingKeys = credentials.verifyingKeys.map(({ publicKey, signature, ...key }) => ({
    ...key,
    publicKey: Buffer.from(publicKey, 'base64'),
    ...(signature === undefined ? {} : { signature: Buffer.from(signature, 'base64') }),
  }));
  return { ...identity, credentials: { ...credentials, verifyingKeys } };
}

interface StoredCredentials extends Omit<Credentials, 'verifyingKeys'> {
  readonly verifyingKeys: readonly (Omit<VerifyingKey, 'publicKey' | 'signature'> & {
    publicKey: string;
    signature?: string;
  })[];
}
