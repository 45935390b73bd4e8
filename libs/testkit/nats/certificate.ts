import 'reflect-metadata'; // @peculiar/x509 asks for it before it loads
import { randomBytes, webcrypto } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as x509 from '@peculiar/x509';

/** Files of a certificate that is its own authority. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

/** Writes a certificate for 127.0.0.1 into the folder. Servers of a cluster dial each other by it and answer by it. */
export async function writeCertificate(folder: string): Promise<CertificateFiles> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const nowMs = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: [{ CN: ['fairlead-test'] }],
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + dayMs),
    keys,
    signingAlgorithm: algorithm,
    // It names no purpose, and so serves both of them.
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  await writeFile(files.certFile, certificate.toString('pem'));
  await writeFile(files.keyFile, x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), { mode: 0o600 });
  return files;
}
