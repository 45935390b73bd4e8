import { createHash } from 'node:crypto';
import { FairleadError } from '@fairlead/core/model';
import type { ParsedKey } from 'ssh2';

/** What the signature is for, so that it cannot stand for anything else. */
const namespace = 'git';
const hash = 'sha512';

/** A string of SSH's wire format (RFC 4251): its length in four bytes, then its bytes. */
function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * Signs what a commit says, as `git` does with `gpg.format=ssh`: an armored signature by OpenSSH's PROTOCOL.sshsig. `key`
 * is the text of a private key without a passphrase, in a format that OpenSSH writes. Throws InvalidInput for any other.
 */
export async function signSsh(payload: Uint8Array, key: string): Promise<string> {
  const parsed = await privateKey(key);
  const digest = createHash(hash).update(payload).digest();
  const message = Buffer.concat([Buffer.from('SSHSIG'), field(namespace), field(''), field(hash), field(digest)]);
  // An RSA key would sign with SHA-1 unless told; the others have one way only.
  const isRsa = parsed.type === 'ssh-rsa';
  const signed = isRsa ? parsed.sign(message, hash) : parsed.sign(message);
  if (signed instanceof Error) throw unusable(signed.message);
  const signature = Buffer.concat([field(isRsa ? 'rsa-sha2-512' : parsed.type), field(signed)]);
  const version = Buffer.from([0, 0, 0, 1]);
  const blob = Buffer.concat([
    Buffer.from('SSHSIG'),
    version,
    field(parsed.getPublicSSH()),
    field(namespace),
    field(''),
    field(hash),
    field(signature),
  ]);
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n');
}

async function privateKey(text: string): Promise<ParsedKey> {
  // Only who signs needs it.
  const { utils } = (await import('ssh2')).default;
  const parsed = utils.parseKey(text);
  if (parsed instanceof Error) throw unusable(parsed.message);
  const key: ParsedKey = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed;
  if (!key.isPrivateKey()) throw unusable('it is a public key');
  if (key.type !== 'ssh-ed25519' && key.type !== 'ssh-rsa') throw unusable(`it is of the type ${key.type}`);
  return key;
}

/** Never says anything of what the file holds. */
function unusable(why: string): FairleadError {
  return new FairleadError(
    `Cannot sign commits with the key that was given: ${why}. Give a private key of the type ed25519 or rsa without a passphrase, as \`ssh-keygen -t ed25519 -N ''\` makes it.`,
    { code: 'InvalidInput', reason: 'InvalidArgument' },
  );
}
