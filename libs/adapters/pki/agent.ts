import type { ClusterName, Digest } from '@fairlead/core/model';

/** An agent's key. */
export interface AgentKey {
  /** PKCS #8, PEM; kept in a Secret of the agent's namespace and nowhere else. */
  readonly privatePem: string;
  /** What the ledger names it by: SHA-256 of its SubjectPublicKeyInfo. */
  readonly digest: Digest;
}

/** A new ECDSA P-256 key. */
export async function newAgentKey(): Promise<AgentKey> {
  const { keyDigest, newKeys, privatePem } = await import('./certificates.ts');
  const { privateKey, publicKey } = await newKeys();
  return {
    privatePem: await privatePem(privateKey),
    digest: keyDigest(await crypto.subtle.exportKey('spki', publicKey)),
  };
}

/** A certificate request (PKCS #10, PEM) for the cluster, signed by the key: proof that the agent holds it. */
export async function makeCsr(key: Pick<AgentKey, 'privatePem'>, cluster: ClusterName): Promise<string> {
  // Loaded when it is needed: an agent makes a request once in its certificate's life.
  const { keysFromPem } = await import('./certificates.ts');
  const { x509 } = await import('./x509.ts');
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [cluster] }],
    keys: await keysFromPem(key.privatePem),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return `${request.toString('pem')}\n`;
}
