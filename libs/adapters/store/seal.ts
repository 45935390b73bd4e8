import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { FairleadError, type Digest } from '@fairlead/core/model';

const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts a blob by AES-256-GCM; its digest is bound in, so that two rows cannot be swapped. Nonce + tag + text. */
export function seal(data: Uint8Array, options: { readonly key: Uint8Array; readonly digest: Digest }): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', options.key, nonce);
  cipher.setAAD(Buffer.from(options.digest));
  const text = Buffer.concat([cipher.update(data), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** Undoes {@link seal}. Throws DataLoss where the key is not the one that sealed it or the row was changed. */
export function unseal(sealed: Uint8Array, options: { readonly key: Uint8Array; readonly digest: Digest }): Uint8Array {
  try {
    const decipher = createDecipheriv('aes-256-gcm', options.key, sealed.subarray(0, nonceBytes));
    decipher.setAAD(Buffer.from(options.digest));
    decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
    const text = Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]);
    return new Uint8Array(text);
  } catch (cause) {
    throw new FairleadError(
      `Cannot read the secret blob ${options.digest}: the key beside the store is not the one that it was written under. ` +
        'Put the key of the data folder back, or drop the store: everything in it follows from git.',
      { code: 'DataLoss', reason: 'DigestMismatch', cause },
    );
  }
}
