import type { ClusterName } from '@fairlead/core/model';

/** A key of the planner's: what it signs desired states with (Ed25519). Bytes are base64. */
export interface VerifyingKey {
  readonly keyId: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: string;
  /** The key before it, and its signature over `publicKey`; absent for the first. */
  readonly signedBy?: string;
  readonly signature?: string;
}

/** What the gateway answers to an enrolment or a renewal. */
export interface IssuedIdentity {
  readonly cluster: ClusterName;
  /** PEM: the certificate, and what signed it up to the hub's CA. */
  readonly certificate: string;
  readonly notAfterMs: number;
  /** PEM of all certificate authorities that the hub may show. */
  readonly caBundle: string;
  readonly verifyingKeys: readonly VerifyingKey[];
  /** host:port of the gRPC gateway. */
  readonly gatewayAddress: string;
  /** For the NATS transport; absent where the hub has none. */
  readonly natsUserJwt?: string;
}

/** The two calls that come before a stream. Both throw `FairleadError` (TokenInvalid, TokenExpired, TokenUsed, HubUnreachable, …). */
export interface HubCalls {
  enroll(request: EnrollCall): Promise<IssuedIdentity>;
  /** By possession of the key: `current` may have run out. */
  renew(request: { csr: string; current: AgentIdentity }): Promise<IssuedIdentity>;
}

/** What an enrolment takes. */
export interface EnrollCall {
  readonly token: string;
  /** PKCS#10, PEM. */
  readonly csr: string;
  readonly kubernetesVersion: string;
}

/** Who the agent is: kept in a Secret of its namespace. */
export interface AgentIdentity extends IssuedIdentity {
  /** PEM, PKCS#8. Never leaves the cluster. */
  readonly privateKey: string;
  /** When the certificate came, by the agent's clock: it is renewed at two thirds of the time from then on. */
  readonly issuedAtMs: number;
}

/** Keys and certificates, as the agent needs them. */
export interface Pki {
  newKey(): Promise<string>;
  /** A PKCS#10 request (PEM) for the cluster's name, signed by the key. */
  csr(privateKey: string, cluster: ClusterName): Promise<string>;
  /** Adds the keys that are signed by one that is trusted already, one after the other. */
  chainKeys(trusted: readonly VerifyingKey[], offered: readonly VerifyingKey[]): readonly VerifyingKey[];
}
