import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { SignedHead, VerifyingKey } from '@fairlead/core/model';

/** True if the head's exact bytes are signed by one of the keys. */
export function verifyHead(head: SignedHead, trusted: readonly VerifyingKey[]): boolean {
  const key = trusted.find((one) => one.keyId === head.keyId);
  return key !== undefined && verifies(key, { bytes: head.bytes, signature: head.signature });
}

/**
 * The keys that an agent may trust after it was told of `offered`: those it knew, and of the others each that a trusted
 * one signed. What nobody vouched for is left out.
 */
export function extendTrust(known: readonly VerifyingKey[], offered: readonly VerifyingKey[]): readonly VerifyingKey[] {
  const trusted = [...known];
  // Each pass can add at least one more link of the chain, so as many passes as there are keys suffice.
  for (let pass = 0; pass < offered.length; pass += 1) {
    for (const key of offered) {
      if (trusted.some((one) => one.keyId === key.keyId)) continue;
      const voucher = trusted.find((one) => one.keyId === key.signedBy);
      if (voucher && key.signature && verifies(voucher, { bytes: key.publicKey, signature: key.signature }))
        trusted.push(key);
    }
  }
  return trusted;
}

function verifies(key: VerifyingKey, signed: { readonly bytes: Uint8Array; readonly signature: Uint8Array }): boolean {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' });
    return publicKey.asymmetricKeyType === 'ed25519' && verify(null, signed.bytes, publicKey, signed.signature);
  } catch {
    // Bytes that are no key verify nothing.
    return false;
  }
}

/** The planner's keys, oldest first: the newest signs, each is vouched for by the one before it. */
export function signingChain(pems: readonly string[]): {
  readonly verifyingKeys: readonly VerifyingKey[];
  readonly signHead: (bytes: Uint8Array) => SignedHead;
} {
  const keys = pems.map((pem) => keyOf(createPrivateKey(pem)));
  const newest = keys.at(-1);
  return {
    verifyingKeys: keys.map(({ keyId, publicKey }, at) => {
      const before = keys[at - 1];
      if (!before) return { keyId, publicKey };
      return { keyId, publicKey, signedBy: before.keyId, signature: sign(null, publicKey, before.privateKey) };
    }),
    signHead(bytes) {
      if (!newest) throw new TypeError('a hub has at least one signing key');
      return { bytes, signature: new Uint8Array(sign(null, bytes, newest.privateKey)), keyId: newest.keyId };
    },
  };
}

function keyOf(privateKey: KeyObject): { keyId: string; publicKey: Uint8Array; privateKey: KeyObject } {
  const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
  return { keyId: createHash('sha256').update(publicKey).digest('hex').slice(0, 16), publicKey, privateKey };
}
