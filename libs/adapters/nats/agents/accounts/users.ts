import { join } from 'node:path';
import { FairleadError, isName } from '@fairlead/core/model';
import type { NatsAuthority } from '@fairlead/ports/keys';
import type { KeyPair } from '@nats-io/jwt';
import { chunkBytes, headBytes } from '../credit.ts';
import { signerOf } from '../signing.ts';
import { agentRights } from '../subjects.ts';
import { readPrivate } from './files.ts';

/** The key by which the hub signs agents' users; the broker's account names it. */
export const signerFile = 'nats-signer.json';

/** What {@link signerFile} holds. */
export interface Signer {
  /** Public key of the account. */
  readonly account: string;
  /** Of the signing key. */
  readonly seed: string;
}

/** An agent needs one subscription at a time, and one more while a new stream takes an old one's place. */
const mostSubscriptions = 4;

/**
 * Opens the account by which the hub lets agents onto the broker. Throws FailedPrecondition where `fairlead nats config`
 * has not made its keys yet.
 */
export async function openAgentsAccount(folder: string): Promise<NatsAuthority> {
  const text = await readPrivate(folder, signerFile);
  if (text === undefined)
    throw new FairleadError(
      `Cannot let agents onto NATS: ${join(folder, signerFile)} is not there. Make it with "fairlead nats config".`,
      { code: 'FailedPrecondition', reason: 'CredentialsMissing', subject: { file: join(folder, signerFile) } },
    );
  const { account, seed } = JSON.parse(text) as Signer;
  const { encodeUser, fromSeed } = await import('../lazily/jwt.ts');
  const key = fromSeed(new TextEncoder().encode(seed));
  const publicKey = key.getPublicKey();
  const privateKey = key.getPrivateKey();
  // Each of these is worked out anew at each call otherwise.
  const signer: KeyPair = Object.assign(Object.create(key) as KeyPair, {
    getPublicKey: () => publicKey,
    getPrivateKey: () => privateKey,
    sign: signerOf(seed),
  });
  return {
    async userJwt({ cluster, userKey, notAfterMs }) {
      if (!isName(cluster)) throw new TypeError(`"${cluster}" is no cluster's name`);
      const { pub, sub } = agentRights(cluster);
      return encodeUser(
        cluster,
        await userKeyOf(userKey),
        account,
        {
          pub,
          sub,
          subs: mostSubscriptions,
          payload: chunkBytes + headBytes,
          data: -1,
          bearer_token: false,
          // No leaf node, no MQTT: what those make of subjects and permissions is their own.
          allowed_connection_types: ['STANDARD'],
        },
        { signer, exp: Math.floor(notAfterMs / 1000) },
      );
    },
  };
}

async function userKeyOf(text: string) {
  const { fromPublic } = await import('../lazily/jwt.ts');
  try {
    if (text.startsWith('U')) return fromPublic(text);
  } catch {
    // A checksum that does not fit: as good as no key.
  }
  throw new FairleadError(
    `Cannot let the agent onto NATS: current value of natsUserKey is "${text.slice(0, 80)}", which is no public NKey of a user.`,
    { code: 'InvalidInput', reason: 'InvalidArgument', subject: { field: 'natsUserKey' } },
  );
}

/**
 * The NATS user of a seed, or a new one: the seed stays in the agent's cluster, and the hub signs for the public key.
 */
export async function natsUser(seed?: string): Promise<{ readonly seed: string; readonly publicKey: string }> {
  const { createUser, fromSeed } = await import('../lazily/nkeys.ts');
  const user = seed === undefined ? createUser() : fromSeed(new TextEncoder().encode(seed));
  return { seed: seed ?? new TextDecoder().decode(user.getSeed()), publicKey: user.getPublicKey() };
}
