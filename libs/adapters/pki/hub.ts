import type { Authority, HeadSigner } from '@fairlead/ports/keys';
import { issuerOf, newServer, stillServes, type Issuer, type KeyPair } from './certificates.ts';
import { privateFolder, readPrivate, writePrivate } from './files.ts';
import { signingChain } from './heads.ts';
import {
  adminBy,
  adminTokenFile,
  authorityOf,
  openAuthority,
  openSigningKeys,
  random,
  randomText,
  readOrMake,
  ticketSecretOf,
} from './making.ts';

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
  /** What seals TLS session tickets; follows from the authority's key. */
  readonly ticketSecret: Uint8Array;
  /** True for the administrator's token. */
  isAdminToken(token: string): boolean;
}

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
  return {
    ...chain,
    blobKey: new Uint8Array(blobKey),
    ticketSecret: ticketSecretOf(authority.keyPem),
    isAdminToken: adminBy(adminToken),
    server: serverKeys(folder, { issuer, options }),
    ...authorityOf(issuer, { verifyingKeys: chain.verifyingKeys, caPem: authority.certificatePem, ...options }),
  };
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
