import { createHash, generateKeyPairSync, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { FairleadError, type Digest, type VerifyingKey } from '@fairlead/core/model';
import type { Authority, FreshToken } from '@fairlead/ports/keys';
import { keyDigest, newAuthority, newClient, readRequest, type Issuer, type KeyPair } from './certificates.ts';
import { readPrivate, writePrivate } from './files.ts';
import { verifyHead } from './heads.ts';

/** Where the administrator's token lies in the folder. */
export const adminTokenFile = 'admin-token';

/** Opens the authority or makes it. Throws FailedPrecondition where half of it is gone. */
export async function openAuthority(folder: string, nowMs: number): Promise<KeyPair> {
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

/** Files signing-1.key, signing-2.key and so on, oldest first; the first is made. */
export async function openSigningKeys(folder: string): Promise<string[]> {
  const names = await signingFiles(folder);
  const make = (): string =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return Promise.all((names.length > 0 ? names : ['signing-1.key']).map((name) => readOrMake(folder, { name, make })));
}

/** Names of the signing keys in a folder, oldest first. */
export async function signingFiles(folder: string): Promise<string[]> {
  const numbers = (await readdir(folder)).flatMap((name) => /^signing-(\d+)\.key$/.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b).map((number) => `signing-${number}.key`);
}

/** The text of a file, which is made where there is none. */
export async function readOrMake(
  folder: string,
  file: { readonly name: string; readonly make: () => string },
): Promise<string> {
  const found = await readPrivate(folder, file.name);
  if (found !== undefined) return found;
  const text = file.make();
  await writePrivate(folder, { name: file.name, text });
  return text;
}

/** The authority as the gateway needs it. */
export function authorityOf(
  issuer: Issuer,
  parts: {
    readonly caPem: string;
    readonly verifyingKeys: readonly VerifyingKey[];
    readonly now: () => number;
    readonly clientLifetimeMs?: number;
  },
): Authority {
  const { caPem, verifyingKeys, now, clientLifetimeMs: lifetimeMs = 86_400_000 } = parts;
  return {
    caPem,
    verifyingKeys,
    keyDigestOfCsr: async (csrPem) => keyDigest((await readRequest(csrPem)).publicKey.rawData),
    issueClient: async (csrPem, cluster) =>
      newClient(issuer, { request: await readRequest(csrPem), cluster, nowMs: now(), lifetimeMs }),
    verifies: (head) => verifyHead(head, verifyingKeys),
    newToken,
    hashToken,
  };
}

/** What seals TLS session tickets: the same in every process that has the authority, and after a restart. */
export function ticketSecretOf(authorityKeyPem: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', authorityKeyPem, '', 'fairlead TLS session tickets', 32));
}

/** A new join token; only its hash need be kept. */
export function newToken(): FreshToken {
  const token = `flj_${randomText()}`;
  return { token, hash: hashToken(token) };
}

/** Tells the administrator's token from others in constant time. */
export function adminBy(adminToken: string): (token: string) => boolean {
  const right = hashToken(adminToken);
  return (token) => timingSafeEqual(Buffer.from(hashToken(token)), Buffer.from(right));
}

/** 256 random bits in hex. */
export function random(): string {
  return randomBytes(32).toString('hex');
}

/** 256 random bits in base64url. */
export function randomText(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept and compared of a token: the time that it takes says nothing of the token itself. */
export function hashToken(token: string): Digest {
  return `sha256:${createHash('sha256').update(token).digest('hex')}` as Digest;
}
