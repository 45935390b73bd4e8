import { readFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { FairleadError, type VerifyingKey } from '@fairlead/core/model';
import type { Authority, HeadSigner } from '@fairlead/ports/keys';
import { issuerOf, newServer, stillServes, type KeyPair } from './certificates.ts';
import { writePrivate } from './files.ts';
import { signingChain } from './heads.ts';
import { openKeys, type KeyOptions } from './hub.ts';
import { adminBy, adminTokenFile, authorityOf, signingFiles, ticketSecretOf } from './making.ts';

/** The certificate that a listener shows, as it is now. */
export type ServerKeys = () => Promise<KeyPair>;

/** Listeners that are not the gateway's: they have a certificate of the authority, and not the authority itself. */
export type ServedRole = 'api' | 'sources';

/** What a gateway works with. */
export interface GatewayKeys extends Authority {
  /** Its own certificate for HTTPS and streams. */
  readonly server: ServerKeys;
  /** What seals TLS session tickets: the same for all gateways. */
  readonly ticketSecret: Uint8Array;
}

const verifyingFile = 'verifying-keys.json';

/**
 * Makes in `folder` everything that roles apart share, each role only the files that it needs: what a hub in one
 * process makes at its start, `verifying-keys.json` (the planner's keys, public halves) for the gateways, and `api.pem`
 * and `sources.pem`, key and certificate for `names`. A second run keeps every key and renews the two certificates.
 */
export async function makeKeysApart(folder: string, options: KeyOptions): Promise<void> {
  const keys = await openKeys(folder, options);
  const text = `${JSON.stringify(keys.verifyingKeys.map(written), null, 2)}\n`;
  await writePrivate(folder, { name: verifyingFile, text });
  const authority = { keyPem: await mounted(folder, 'ca.key'), certificatePem: keys.caPem };
  const issuer = await issuerOf(authority);
  for (const role of ['api', 'sources'] as const) {
    const { keyPem, certificatePem } = await newServer(issuer, { names: options.names, nowMs: options.now() });
    await writePrivate(folder, { name: `${role}.pem`, text: `${keyPem}${certificatePem}` });
  }
}

/**
 * The gateway's: `ca.key`, `ca.pem` and `verifying-keys.json`. Nothing is made; its own certificate is issued in memory,
 * so the folder may be read-only. Throws FailedPrecondition for what is missing.
 */
export async function openGatewayKeys(folder: string, options: KeyOptions): Promise<GatewayKeys> {
  const [keyPem, caPem, verifying] = await Promise.all([
    mounted(folder, 'ca.key'),
    mounted(folder, 'ca.pem'),
    mounted(folder, verifyingFile),
  ]);
  const issuer = await issuerOf({ keyPem, certificatePem: caPem });
  const verifyingKeys = (JSON.parse(verifying) as ReturnType<typeof written>[]).map(readBack);
  let kept: KeyPair | undefined;
  return {
    ticketSecret: ticketSecretOf(keyPem),
    ...authorityOf(issuer, { caPem, verifyingKeys, ...options }),
    async server() {
      const wanted = { names: options.names, nowMs: options.now() };
      if (kept === undefined || !stillServes(kept.certificatePem, wanted)) kept = await newServer(issuer, wanted);
      return kept;
    },
  };
}

/** The planner's: `signing-N.key`, the newest signs. Throws FailedPrecondition where there is none. */
export async function openPlannerKeys(folder: string): Promise<HeadSigner> {
  const found = await signingFiles(folder).catch(() => []);
  if (found.length === 0) throw missing(folder, 'signing-1.key');
  return signingChain(await Promise.all(found.map((name) => mounted(folder, name))));
}

/** `blobs.key`, 32 bytes: for who reads or writes objects (gateway and sources). */
export async function openBlobKey(folder: string): Promise<Uint8Array> {
  return new Uint8Array(Buffer.from((await mounted(folder, 'blobs.key')).trim(), 'hex'));
}

/** The api's: `admin-token`, and `ca.pem` for join manifests. */
export async function openApiKeys(
  folder: string,
): Promise<{ readonly caPem: string; readonly isAdminToken: (token: string) => boolean }> {
  const [caPem, token] = await Promise.all([mounted(folder, 'ca.pem'), mounted(folder, adminTokenFile)]);
  return { caPem, isAdminToken: adminBy(token.trim()) };
}

/** `ROLE.pem`, read at each call: a renewed file is shown to the connections that come. Throws FailedPrecondition. */
export function servedBy(folder: string, { role, now }: { role: ServedRole; now: () => number }): ServerKeys {
  return async () => {
    const both = await mounted(folder, `${role}.pem`);
    const [keyPem, certificatePem] = both.split(/(?=-----BEGIN CERTIFICATE-----)/);
    if (keyPem === undefined || certificatePem === undefined) throw missing(folder, `a certificate in ${role}.pem`);
    const ended = new X509Certificate(certificatePem).validToDate.getTime();
    if (ended > now()) return { keyPem, certificatePem };
    throw new FairleadError(
      `Cannot serve with ${join(folder, `${role}.pem`)}: the certificate ended on ${new Date(ended).toISOString()}. Run the hub with --make-keys again.`,
      { code: 'FailedPrecondition', reason: 'CredentialsMissing', subject: { file: folder } },
    );
  };
}

/** A file that somebody else may own, such as one of a mounted Secret: only read. */
async function mounted(folder: string, name: string): Promise<string> {
  return readFile(join(folder, name), 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    throw missing(folder, name, thrown);
  });
}

function missing(folder: string, name: string, cause?: NodeJS.ErrnoException): FairleadError {
  const why = cause?.code === undefined || cause.code === 'ENOENT' ? 'it has no' : `${cause.code} for`;
  return new FairleadError(
    `Cannot use the keys in ${folder}: ${why} ${name}. Make all of them once with the hub's --make-keys --keys DIR --name HOST, and give each role the files that it needs.`,
    { code: 'FailedPrecondition', reason: 'CredentialsMissing', subject: { file: join(folder, name) }, cause },
  );
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

function written({ keyId, publicKey, signedBy, signature }: VerifyingKey) {
  return {
    keyId,
    publicKey: base64(publicKey),
    ...(signedBy === undefined ? {} : { signedBy }),
    ...(signature === undefined ? {} : { signature: base64(signature) }),
  };
}

function readBack({ keyId, publicKey, signedBy, signature }: ReturnType<typeof written>): VerifyingKey {
  return {
    keyId,
    publicKey: bytes(publicKey),
    ...(signedBy === undefined ? {} : { signedBy }),
    ...(signature === undefined ? {} : { signature: bytes(signature) }),
  };
}
