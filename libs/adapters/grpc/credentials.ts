import { constants } from 'node:crypto';
import { ServerCredentials } from '@grpc/grpc-js';

/** A key and its certificate chain, PEM. */
export interface TlsIdentity {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** TLS 1.3 with a client certificate of our own authority; the server's certificate can be changed while it runs. */
export class MutualTls extends ServerCredentials {
  readonly #caPem: string;

  constructor(caPem: string, identity: TlsIdentity) {
    super({ requestCert: true, rejectUnauthorized: true }, contextOf(caPem, identity));
    this.#caPem = caPem;
  }

  /** New connections see this certificate. */
  change(identity: TlsIdentity): void {
    this.updateSecureContextOptions(contextOf(this.#caPem, identity));
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}

function contextOf(caPem: string, identity: TlsIdentity) {
  return {
    ca: caPem,
    key: identity.keyPem,
    cert: identity.certificatePem,
    minVersion: 'TLSv1.3',
    // A resumed session would outlive the certificate that began it.
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const;
}
