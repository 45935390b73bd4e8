/** A key and its certificate chain, PEM. */
export interface TlsIdentity {
  readonly keyPem: string;
  readonly certificatePem: string;
}
