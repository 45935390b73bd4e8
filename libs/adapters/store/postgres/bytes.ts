import { FairleadError, type Digest } from '@fairlead/core/model';

const prefix = 'sha256:';

/** A digest as bytea text, for arrays of them. Throws InvalidInput for what is none. */
export function digestCell(digest: string): string;
export function digestCell(digest: string | undefined): string | null;
export function digestCell(digest: string | undefined): string | null {
  if (digest === undefined) return null;
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw notHex('digest', digest);
  return `\\x${digest.slice(prefix.length)}`;
}

/** A commit as bytea text. Throws InvalidInput for what is none. */
export function commitCell(commit: string): string {
  if (!/^([0-9a-f]{2})+$/.test(commit)) throw notHex('commit', commit);
  return `\\x${commit}`;
}

/** Bytes as bytea text. */
export function bytesCell(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

/** Text as PostgreSQL takes it: it knows no NUL. */
export function textCell(text: string): string;
export function textCell(text: string | undefined): string | null;
export function textCell(text: string | undefined): string | null {
  if (text === undefined) return null;
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}

/** Undoes {@link digestCell}. */
export function digestOf(bytes: Buffer): string {
  return `${prefix}${bytes.toString('hex')}`;
}

/** Undoes {@link digestCell}, where there is one. */
export function bytesToDigest(bytes: Buffer | null): Digest | undefined {
  return bytes === null ? undefined : (digestOf(bytes) as Digest);
}

/** Bytes of their own, and no window into what the network gave. */
export function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

function notHex(what: string, text: string): FairleadError {
  return new FairleadError(`Cannot keep the ${what} ${JSON.stringify(text.slice(0, 80))}: it is not of that form.`, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
  });
}
