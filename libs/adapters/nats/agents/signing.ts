import { createPrivateKey, sign } from 'node:crypto';

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** A seed in base32: two bytes of kind, 32 of key, two of checksum. */
const seedShape = /^S[A-Z2-7]{57}$/;

/**
 * Signs by the seed of an NKey. The NATS library signs in JavaScript, seven milliseconds for each: too long for a hub
 * that lets ten thousand agents in, and for a machine that runs a thousand. Throws a `TypeError` for what is no seed.
 */
export function signerOf(seed: string): (data: Uint8Array) => Uint8Array {
  if (!seedShape.test(seed)) throw new TypeError('The seed of a NATS key is none.');
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Head, base32(seed).subarray(2, 34)]),
    format: 'der',
    type: 'pkcs8',
  });
  return (data) => new Uint8Array(sign(null, data, key));
}

function base32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    held = ((held << 5) | alphabet.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}
