import type { ClusterName, Digest, SignedHead, VerifyingKey } from '@fairlead/core/model';

/** A client certificate as it was issued. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  readonly notAfterMs: number;
}

/** A secret for one use, and what is kept of it. */
export interface FreshToken {
  /** Shown once, to the person who asked; 256 random bits. */
  readonly token: string;
  readonly hash: Digest;
}

/** The hub's certificate authority, as the gateway needs it. Throws `FairleadError` InvalidInput for a bad request. */
export interface Authority {
  readonly caPem: string;
  readonly verifyingKeys: readonly VerifyingKey[];
  /** Checks the request's own signature (possession of the key) and names the key. */
  keyDigestOfCsr(csrPem: string): Promise<Digest>;
  /** A client certificate for exactly this cluster, whatever subject the request asks for. */
  issueClient(csrPem: string, cluster: ClusterName): Promise<IssuedCertificate>;
  /** True if the planner of this hub signed these bytes, under any of its keys. */
  verifies(head: SignedHead): boolean;
  newToken(): FreshToken;
  hashToken(token: string): Digest;
}

/** The planner's pen. */
export interface HeadSigner {
  /** Signs the exact bytes of a head (canonical JSON). */
  signHead(bytes: Uint8Array): SignedHead;
}
