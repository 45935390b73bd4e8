import { createHash, type X509Certificate } from 'node:crypto';
import { FairleadError, isName, spiffeId, type ClusterName, type Digest } from '@fairlead/core/model';
import { publicKeyInfo } from './der.ts';
import type { Caller } from './port.ts';

/** A key and its certificate chain, PEM. */
export interface TlsIdentity {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** Who a client certificate says that the caller is, and when it stops saying so. */
export interface Identity {
  readonly caller: Caller;
  readonly notAfterMs: number;
}

/**
 * Reads the identity from a certificate that TLS verified against our authority: its subject is exactly `CN=NAME`, and
 * its only alternative name the SPIFFE id of the same cluster. Throws Unauthenticated for anything else. A session that
 * was resumed carries the certificate that began it; TLS does not look at its dates again, so that this does.
 */
export function identityOf(certificate: X509Certificate | undefined, nowMs: number): Identity {
  if (!certificate) throw refused('the call carries no client certificate');
  const cluster = /^CN=([^\n]+)$/.exec(certificate.subject)?.[1] ?? '';
  if (!isName(cluster)) throw refused('its certificate names no cluster');
  if (certificate.subjectAltName !== `URI:${spiffeId(cluster as ClusterName)}`)
    throw refused(`its certificate for ${cluster} has another SPIFFE id`);
  const notAfterMs = certificate.validToDate.getTime();
  if (nowMs >= notAfterMs || nowMs < certificate.validFromDate.getTime())
    throw refused(`the certificate of ${cluster} is valid until ${certificate.validToDate.toISOString()} only`);
  return { caller: { cluster: cluster as ClusterName, key: keyDigest(certificate) }, notAfterMs };
}

/** SHA-256 of the SubjectPublicKeyInfo, cut out of the certificate: exporting the key costs OpenSSL a quarter of a millisecond. */
function keyDigest({ raw }: X509Certificate): Digest {
  return `sha256:${createHash('sha256').update(publicKeyInfo(raw)).digest('hex')}` as Digest;
}

function refused(why: string): FairleadError {
  return new FairleadError(`Cannot take the stream: ${why}. Renew the certificate, or enrol the cluster again.`, {
    code: 'Unauthenticated',
    reason: 'CredentialsMissing',
  });
}
