import { createHash, X509Certificate, type webcrypto } from 'node:crypto';
import { FairleadError, hubServerName, spiffeId, type ClusterName, type Digest } from '@fairlead/core/model';
import type {
  JsonGeneralName,
  Pkcs10CertificateRequest,
  X509CertificateCreateWithKeyParams,
  X509Certificate as SigningCertificate,
} from '@peculiar/x509';
import { x509 } from './x509.ts';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A key and the certificate over it, both PEM. */
export interface KeyPair {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** Who signs. */
export interface Issuer {
  readonly certificate: SigningCertificate;
  readonly key: webcrypto.CryptoKey;
}

/** The digest that names a key: SHA-256 of its SubjectPublicKeyInfo. */
export function keyDigest(publicKeyDer: Uint8Array | ArrayBuffer): Digest {
  return `sha256:${createHash('sha256').update(new Uint8Array(publicKeyDer)).digest('hex')}` as Digest;
}

/** A new ECDSA P-256 key that may leave the process as PEM. */
export function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
}

/** PKCS #8 as PEM. */
export async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** Reads what {@link privatePem} wrote, with the public half. */
export async function keysFromPem(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const [der] = x509.PemConverter.decode(pem);
  const privateKey = await crypto.subtle.importKey('pkcs8', der ?? new ArrayBuffer(0), ecdsa, true, ['sign']);
  const { d: _secret, key_ops: _operations, ...open } = await crypto.subtle.exportKey('jwk', privateKey);
  return { privateKey, publicKey: await crypto.subtle.importKey('jwk', open, ecdsa, true, ['verify']) };
}

/** A new authority for ten years. Its name holds a part of its key, so that two hubs are told apart. */
export async function newAuthority(nowMs: number): Promise<KeyPair> {
  const keys = await newKeys();
  const id = keyDigest(await crypto.subtle.exportKey('spki', keys.publicKey)).slice(7, 15);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Fairlead ${id}`,
    keys,
    signingAlgorithm: ecdsa,
    // Agents check this by clocks of their own, which may be a day off.
    notBefore: new Date(nowMs - 2 * dayMs),
    notAfter: new Date(nowMs + 3652 * dayMs),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keyPem: await privatePem(keys.privateKey), certificatePem: pemOf(certificate) };
}

/** Reads what {@link newAuthority} made. */
export async function issuerOf({ keyPem, certificatePem }: KeyPair): Promise<Issuer> {
  return { certificate: new x509.X509Certificate(certificatePem), key: (await keysFromPem(keyPem)).privateKey };
}

/** A new server certificate for a year, for these DNS names and IP addresses. */
export async function newServer(
  issuer: Issuer,
  { names, nowMs }: { readonly names: readonly string[]; readonly nowMs: number },
): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await sign(issuer, {
    publicKey: keys.publicKey,
    subject: [{ CN: [hubServerName] }],
    notBefore: new Date(nowMs - 2 * dayMs),
    notAfter: new Date(nowMs + 365 * dayMs),
    alternatives: [hubServerName, ...names].map(alternativeOf),
    purpose: x509.ExtendedKeyUsage.serverAuth,
  });
  return { keyPem: await privatePem(keys.privateKey), certificatePem: pemOf(certificate) };
}

/** A client certificate over the key of a checked request, for this cluster. */
export async function newClient(
  issuer: Issuer,
  options: {
    readonly request: Request;
    readonly cluster: ClusterName;
    readonly nowMs: number;
    readonly lifetimeMs: number;
  },
): Promise<{ readonly certificatePem: string; readonly notAfterMs: number }> {
  const { request, cluster, nowMs, lifetimeMs } = options;
  const notAfter = new Date(Math.ceil((nowMs + lifetimeMs) / 1000) * 1000);
  const certificate = await sign(issuer, {
    publicKey: request.publicKey,
    subject: [{ CN: [cluster] }],
    notBefore: new Date(nowMs - hourMs),
    notAfter,
    alternatives: [{ type: 'url', value: spiffeId(cluster) }],
    purpose: x509.ExtendedKeyUsage.clientAuth,
  });
  return { certificatePem: pemOf(certificate), notAfterMs: notAfter.getTime() };
}

interface Wanted extends Pick<X509CertificateCreateWithKeyParams, 'subject' | 'publicKey' | 'notBefore' | 'notAfter'> {
  readonly alternatives: JsonGeneralName[];
  readonly purpose: string;
}

async function sign({ certificate, key }: Issuer, { alternatives, purpose, ...wanted }: Wanted) {
  return x509.X509CertificateGenerator.create({
    ...wanted,
    issuer: certificate.subjectName,
    signingKey: key,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([purpose]),
      new x509.SubjectAlternativeNameExtension(alternatives),
      await x509.AuthorityKeyIdentifierExtension.create(certificate),
    ],
  });
}

function alternativeOf(name: string): JsonGeneralName {
  return { type: isIp(name) ? 'ip' : 'dns', value: name };
}

function isIp(name: string): boolean {
  return /^[\d.]+$|:/.test(name);
}

function pemOf(certificate: { toString(format: 'pem'): string }): string {
  return `${certificate.toString('pem')}\n`;
}

/** A certificate request whose signature was checked. */
export type Request = Pkcs10CertificateRequest;

/** Most characters of a request. */
const requestChars = 16_384;

/** Reads a request and proves that who made it holds the key. Throws InvalidInput. */
export async function readRequest(csrPem: string): Promise<Request> {
  if (csrPem.length > requestChars)
    throw badRequest(`it is ${csrPem.length} characters long, and the limit is ${requestChars}`);
  try {
    const request = new x509.Pkcs10CertificateRequest(csrPem);
    const { algorithm } = request.publicKey;
    if (algorithm.name !== 'ECDSA' || (algorithm as webcrypto.EcKeyAlgorithm).namedCurve !== 'P-256')
      throw badRequest(`its key is ${algorithm.name} and not ECDSA P-256`);
    if (!(await request.verify())) throw badRequest('its signature is not by its own key');
    return request;
  } catch (cause) {
    // Broken DER shows itself as late as in the signature.
    throw cause instanceof FairleadError ? cause : badRequest('it is not a PKCS #10 request in PEM', cause);
  }
}

function badRequest(why: string, cause?: unknown): FairleadError {
  return new FairleadError(`Cannot certify the request: ${why}. Start the agent again; it makes a new one.`, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
    cause,
  });
}

/** Whether a server certificate still serves: for these names, and with a third of its life before it. */
export function stillServes(
  certificatePem: string,
  { names, nowMs }: { readonly names: readonly string[]; readonly nowMs: number },
): boolean {
  const certificate = new X509Certificate(certificatePem);
  const [from, until] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  const covered = names.every(
    (name) => (isIp(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined,
  );
  return covered && until - nowMs > (until - from) / 3;
}
