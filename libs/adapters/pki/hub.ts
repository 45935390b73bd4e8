import { createHash, generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { FairleadError, type Digest } from '@fairlead/core/model';
import type { Authority, HeadSigner } from '@fairlead/ports/keys';
import {
  issuerOf,
  keyDigest,
  newAuthority,
  newClient,
  newServer,
  readRequest,
  stillServes,
  type Issuer,
  type KeyPair,
} from './certificates.ts';
import { privateFolder, readPrivate, writePrivate } from './files.ts';
import { signingChain, verifyHead } from './heads.ts';

/** Options of {@link openKeys}. */
export interface KeyOptions {
  /** DNS names and IP addresses under which agents and people reach the hub. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a client certificate lives; 24 hours unless told. */
  readonly clientLifetimeMs?: number;
}

/** Everything of the hub that lies beside the store and never in it. */
export interface HubKeys extends Authority, HeadSigner {
  /** The server's certificate and key; a new one is made when a third of its life is left, or the names changed. */
  server(): Promise<KeyPair>;
  /** 32 bytes: what secret blobs are encrypted under. */
  readonly blobKey: Uint8Array;
  /** True for the administrator's token. */
  isAdminToken(token: string): boolean;
}

/** Where the administrator's token lies in the folder. */
export const adminTokenFile = 'admin-token';

/**
 * Opens the keys in `folder` (0700, files 0600) and makes what is missing: authority (ECDSA P-256, ten years), server
 * certificate, the planner's Ed25519 key, the key of secret blobs, and the administrator's token. Throws
 * FailedPrecondition where half of the authority is gone: a new one would lock every agent out.
 */
export async function openKeys(folder: string, options: KeyOptions): Promise<HubKeys> {
  await privateFolder(folder);
  const authority = await openAuthority(folder, options.now());
  const issuer = await issuerOf(authority);
  const blobKey = Buffer.from(await readOrMake(folder, { name: 'blobs.key', make: random }), 'hex');
  const adminToken = (await readOrMake(folder, { name: adminTokenFile, make: () => `fla_${randomText()}\n` })).trim();
  const chain = signingChain(await openSigningKeys(folder));
  const { clientLifetimeMs = 86_400_000, now } = options;
  return {
    ...chain,
    caPem: authority.certificatePem,
    blobKey: new Uint8Array(blobKey),
    isAdminToken: (token) => sameDigest(hashToken(token), hashToken(adminToken)),
    server: serverKeys(folder, { issuer, options }),
    keyDigestOfCsr: async (csrPem) => keyDigest((await readRequest(csrPem)).publicKey.rawData),
    issueClient: async (csrPem, cluster) =>
      newClient(issuer, { request: await readRequest(csrPem), cluster, nowMs: now(), lifetimeMs: clientLifetimeMs }),
    verifies: (head) => verifyHead(head, chain.verifyingKeys),
    newToken() {
      const token = `flj_${randomText()}`;
      return { token, hash: hashToken(token) };
    },
    hashToken,
  };
}

async function openAuthority(folder: string, nowMs: number): Promise<KeyPair> {
  const keyPem = await readPrivate(folder, 'ca.key');
  const certificatePem = await readPrivate(folder, 'ca.pem');
  if (keyPem !== undefined && certificatePem !== undefined) return { keyPem, certificatePem };
  // The key is written last: a certificate alone is a first start that was cut off, unless agents were served since.
  const served = await readPrivate(folder, 'blobs.key');
  if (keyPem !== undefined || served !== undefined)
    throw new FairleadError(
      `Cannot open the keys in ${folder}: ${keyPem === undefined ? 'ca.key' : 'ca.pem'} is gone, and agents trust only this authority. ` +
        'Put it back from a backup, or move the whole folder away and enrol every cluster anew.',
      { code: 'FailedPrecondition', reason: 'InternalError', subject: { file: folder } },
    );
  const made = await newAuthority(nowMs);
  await writePrivate(folder, { name: 'ca.pem', text: made.certificatePem });
  await writePrivate(folder, { name: 'ca.key', text: made.keyPem });
  return made;
}

function serverKeys(
  folder: string,
  { issuer, options }: { issuer: Issuer; options: KeyOptions },
): () => Promise<KeyPair> {
  return async () => {
    const wanted = { names: options.names, nowMs: options.now() };
    const both = await readPrivate(folder, 'server.pem');
    const [keyPem, certificatePem] = both?.split(/(?=-----BEGIN CERTIFICATE-----)/) ?? [];
    if (keyPem !== undefined && certificatePem !== undefined && stillServes(certificatePem, wanted))
      return { keyPem, certificatePem };
    const made = await newServer(issuer, wanted);
    // One file for both: a key beside another key's certificate would serve nobody.
    await writePrivate(folder, { name: 'server.pem', text: `${made.keyPem}${made.certificatePem}` });
    return made;
  };
}

/** Files signing-1.key, signing-2.key and so on, oldest first; the first is made. */
async function openSigningKeys(folder: string): Promise<string[]> {
  const numbers = (await readdir(folder)).flatMap((name) => /^signing-(\d+)\.key$/.exec(name)?.[1] ?? []).map(Number);
  const names = numbers.length > 0 ? numbers.sort((a, b) => a - b) : [1];
  const make = (): string =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return Promise.all(names.map((number) => readOrMake(folder, { name: `signing-${number}.key`, make })));
}

async function readOrMake(
  folder: string,
  file: { readonly name: string; readonly make: () => string },
): Promise<string> {
  const found = await readPrivate(folder, file.name);
  if (found !== undefined) return found;
  const text = file.make();
  await writePrivate(folder, { name: file.name, text });
  return text;
}

function random(): string {
  return randomBytes(32).toString('hex');
}

function randomText(): string {
  return randomBytes(32).toString('base64url');
}

function hashToken(token: string): Digest {
  return `sha256:${createHash('sha256').update(token).digest('hex')}` as Digest;
}

function sameDigest(a: Digest, b: Digest): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
