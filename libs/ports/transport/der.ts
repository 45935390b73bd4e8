/** Where the content of a DER element begins and ends. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** `[0]`, explicit: the version, which a certificate of the first version leaves out. */
const versionTag = 0xa0;

/**
 * The SubjectPublicKeyInfo of a certificate in DER (RFC 5280, 4.1): in the TBSCertificate it comes after version, serial
 * number, signature algorithm, issuer, validity and subject. The certificate is one that TLS has read and verified.
 */
export function publicKeyInfo(certificate: Uint8Array): Uint8Array {
  const { from: signed } = spanAt(certificate, 0);
  let { from: at } = spanAt(certificate, signed);
  const before = certificate[at] === versionTag ? 6 : 5;
  for (let skipped = 0; skipped < before; skipped += 1) at = spanAt(certificate, at).to;
  return certificate.subarray(at, spanAt(certificate, at).to);
}

/** Reads tag and length; lengths of up to four bytes, which no certificate exceeds. */
function spanAt(bytes: Uint8Array, at: number): Span {
  const first = bytes[at + 1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  let length = lengthBytes === 0 ? first : 0;
  for (let index = 0; index < lengthBytes; index += 1) length = length * 256 + (bytes[at + 2 + index] ?? 0);
  const from = at + 2 + lengthBytes;
  return { from, to: from + length };
}
