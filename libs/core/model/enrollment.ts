import type { ClusterName } from './ids.ts';

/** A key that agents check heads with. */
export interface VerifyingKey {
  readonly keyId: string;
  /** SubjectPublicKeyInfo of an Ed25519 key, DER. */
  readonly publicKey: Uint8Array;
  /** The key before it, and that one's signature over `publicKey`; undefined for the first key of a hub. */
  readonly signedBy?: string;
  readonly signature?: Uint8Array;
}

/** What lets an agent onto a NATS broker. */
export interface NatsAccess {
  /** Signed by the hub's account: allows the cluster's own subjects, and nothing else, until the certificate ends. */
  readonly userJwt: string;
  /** `nats://host:port`, or `tls://host:port`; servers of one cluster with commas in between. */
  readonly address: string;
  /** The authority of the broker's certificate; undefined where the system's authorities do. */
  readonly caPem?: string;
}

/** What an agent needs to dial in and to check what it is told. */
export interface Credentials {
  readonly certificatePem: string;
  /** When the certificate ends, milliseconds since 1970. */
  readonly notAfterMs: number;
  /** Every authority that may sign the hub's certificate. */
  readonly caPem: string;
  readonly verifyingKeys: readonly VerifyingKey[];
  /** `host:port` of the gateway's gRPC stream. */
  readonly gatewayAddress: string;
  /** Where the request named a NATS user and the hub serves agents over NATS. */
  readonly nats?: NatsAccess;
}

/** Trades a one-use token for a certificate. */
export interface EnrollRequest {
  readonly token: string;
  /** PKCS #10, PEM; signed by the key that is to be certified. */
  readonly csrPem: string;
  /** Such as `v1.36.1`. */
  readonly kubernetesVersion: string;
  readonly agentVersion: string;
  /** Public NKey of the NATS user that is to be let in; undefined where the stream is gRPC. */
  readonly natsUserKey?: string;
}

/** The credentials of the cluster that the token is bound to. */
export interface EnrollResponse {
  readonly cluster: ClusterName;
  readonly credentials: Credentials;
}

/** Renews by possession of the key that the ledger names, also after the certificate ran out. */
export interface RenewRequest {
  readonly cluster: ClusterName;
  readonly csrPem: string;
  /** Public NKey of the NATS user that is to be let in; undefined where the stream is gRPC. */
  readonly natsUserKey?: string;
}

/** The cluster's credentials, anew. */
export interface RenewResponse {
  readonly credentials: Credentials;
}

/**
 * The name that every hub's certificate carries beside its addresses. Agents pin the authority, which signs no other
 * server, and check this name: so a hub may be reached by an IP address or through a tunnel.
 */
export const hubServerName = 'fairlead-hub';

/** The SPIFFE id of a cluster: beside the common name, what its certificate says. */
export function spiffeId(cluster: ClusterName): string {
  return `spiffe://fairlead/cluster/${cluster}`;
}
