import { readFileSync, statSync } from 'node:fs';
import { FairleadError } from '@fairlead/core/model';

/** How the caller proves who it is. */
export type Credentials =
  | { readonly token: string }
  /** Read again when the file changes, as kubelet renews it. */
  | { readonly tokenFile: string }
  /** PEM, for mutual TLS. */
  | { readonly clientCert: string; readonly clientKey: string }
  /** For exec plug-ins: asked for each call, so it must cache; with `clientCert` where the plug-in gave one at start. */
  | {
      readonly authorization: () => string | Promise<string>;
      readonly clientCert?: string;
      readonly clientKey?: string;
    };

/** The value of the Authorization header over time. */
export interface Authorization {
  /** Empty where a certificate speaks for the caller. */
  header(): string | Promise<string>;
  /** Called after a 401: true if there is another value now, so that a second try makes sense. */
  changed(): boolean;
}

/** A changed file is noticed within this time, or at once after a 401. */
const recheckAfterMs = 10_000;

/** Gives credentials their header. Throws `Unauthenticated` where a token is missing or its file cannot be read. */
export function authorizationOf(credentials: Credentials): Authorization {
  if ('tokenFile' in credentials) return fromFile(credentials.tokenFile);
  if ('authorization' in credentials) return { header: credentials.authorization, changed: () => false };
  if ('token' in credentials) {
    const header = bearer(credentials.token, 'the token that was given');
    return { header: () => header, changed: () => false };
  }
  return { header: () => '', changed: () => false };
}

function fromFile(path: string): Authorization {
  let header = '';
  let version = '';
  let checkedMs = Number.NEGATIVE_INFINITY;
  const check = (): boolean => {
    checkedMs = performance.now();
    const found = versionOf(path);
    if (found === version) return false;
    const before = header;
    header = bearer(readToken(path), `the file ${path}`);
    version = found;
    return header !== before;
  };
  return {
    header() {
      if (performance.now() - checkedMs >= recheckAfterMs) check();
      return header;
    },
    changed: check,
  };
}

/** Follows symbolic links: kubelet swaps a link to a folder, so modification time and inode both tell. */
function versionOf(path: string): string {
  try {
    const { mtimeMs, ino, size } = statSync(path);
    return `${mtimeMs}/${ino}/${size}`;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): FairleadError {
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an unknown error';
  return new FairleadError(`Cannot read the token file ${path}: ${why}; mount a service account token there`, {
    code: 'Unauthenticated',
    reason: 'CredentialsMissing',
    subject: { file: path },
    retry: 'backoff',
    cause,
  });
}

function bearer(token: string, where: string): string {
  const trimmed = token.trim();
  // A header can hold nothing else; the token itself must never be in a message.
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    throw new FairleadError(
      `Cannot sign in: ${where} holds no usable token; give a token in one line of printable characters`,
      {
        code: 'Unauthenticated',
        reason: 'CredentialsMissing',
        retry: 'backoff',
      },
    );
  }
  return `Bearer ${trimmed}`;
}
