import { createHash } from 'node:crypto';
import { FairleadError, type ClusterName, type Digest } from '@fairlead/core/model';
import type { Authority, IssuedCertificate } from './port.ts';

function digestOf(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
}

/**
 * An authority without cryptography, for tests: a request is the text `csr:KEYNAME`, tokens count up, certificates are
 * the text `certificate:CLUSTER:KEYNAME` and end a day after `now`.
 */
export function memoryAuthority(options: { readonly now: () => number }): Authority {
  let tokens = 0;
  const keyName = (csrPem: string): string => {
    if (csrPem.startsWith('csr:')) return csrPem.slice(4);
    throw new FairleadError('Cannot read the certificate request: it is not of the form csr:KEYNAME.', {
      code: 'InvalidInput',
      reason: 'InvalidArgument',
    });
  };
  return {
    caPem: 'ca',
    verifyingKeys: [{ keyId: 'key-1', publicKey: new Uint8Array([1]) }],
    keyDigestOfCsr: async (csrPem) => digestOf(keyName(csrPem)),
    issueClient: async (csrPem: string, cluster: ClusterName): Promise<IssuedCertificate> => ({
      certificatePem: `certificate:${cluster}:${keyName(csrPem)}`,
      notAfterMs: options.now() + 86_400_000,
    }),
    verifies: (head) => head.keyId === 'key-1',
    newToken() {
      const token = `token-${(tokens += 1)}`;
      return { token, hash: digestOf(token) };
    },
    hashToken: digestOf,
  };
}
