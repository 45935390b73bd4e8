import 'reflect-metadata'; // @peculiar/x509 asks for it before it loads
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';

import * as x509 from '@peculiar/x509';

/** A certificate and its private key, both PEM. */
export interface Credential {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Who a certificate speaks for. */
interface Holder {
  /** Kubernetes reads it as the user's name. */
  readonly commonName: string;
  /** Kubernetes reads it as the user's group. */
  readonly organization?: string;
  /** DNS names and IP addresses; given for a server's certificate. */
  readonly serverNames?: readonly x509.JsonGeneralName[];
}

/** A certificate authority that lives in memory for one control plane. */
export interface Authority extends Credential {
  issue(holder: Holder): Promise<Credential>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const lifetimeMs = 365 * 24 * 3_600_000;
const backdatedMs = 24 * 3_600_000; // tests that set a clock back a little must not meet a certificate of the future

type KeyPair = webcrypto.CryptoKeyPair;

async function generateKeys(): Promise<KeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function keyPem(keys: KeyPair): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return x509.PemConverter.encode(pkcs8, 'PRIVATE KEY');
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - backdatedMs), notAfter: new Date(now + lifetimeMs) };
}

function subjectOf(holder: Holder): x509.JsonName {
  const organization = holder.organization === undefined ? [] : [{ O: [holder.organization] }];
  return [...organization, { CN: [holder.commonName] }];
}

async function issue(
  holder: Holder,
  issuer: { certificate: x509.X509Certificate; keys: KeyPair },
): Promise<Credential> {
  const keys = await generateKeys();
  const usage = holder.serverNames ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject: subjectOf(holder),
    issuer: issuer.certificate.subject,
    ...validity(),
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(holder.serverNames ? [new x509.SubjectAlternativeNameExtension([...holder.serverNames])] : []),
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: await keyPem(keys) };
}

/** Makes a certificate authority, valid for a year, on elliptic keys: a whole set takes milliseconds. */
export async function createAuthority(commonName: string): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: subjectOf({ commonName }),
    keys,
    ...validity(),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
    ],
  });
  return {
    certPem: certificate.toString('pem'),
    keyPem: await keyPem(keys),
    issue: (holder) => issue(holder, { certificate, keys }),
  };
}

/** The key pair with which an API server signs and checks service accounts' tokens. */
export function createTokenKeys(): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}
