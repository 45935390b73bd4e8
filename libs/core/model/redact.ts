/** What stands for a value that must not leave the cluster. */
export const mask = '(masked)';

/** What a secret looks like in a text, and what stands there instead. */
const shapes: readonly (readonly [RegExp, string])[] = [
  // Keys as PEM, whole or cut off.
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '(secret)'],
  // Credentials in an address.
  [/(:\/\/)[^\s/@]+@/g, '$1(secret)@'],
  [/\b(Bearer|Basic)\s+[^\s"',]+/gi, '$1 (secret)'],
  [/\b(token|password|passwd|secret|authorization|api[-_]?key)(["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi, '$1$2(secret)'],
  // JSON Web Tokens.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '(secret)'],
  // 32 random bytes: as base64url, and as hexadecimal where it is no digest.
  [/(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{43}(?![\w-])/g, '(secret)'],
  [/(?<!sha256:)(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g, '(secret)'],
  // Seeds of NATS users, accounts and operators.
  [/\bS[UAO][A-Z2-7]{54,}\b/g, '(secret)'],
];

/**
 * Takes out whatever looks like a credential. The last guard before logs and traces, not the first: nothing of ours puts
 * a secret into a message.
 */
export function redacted(text: string): string {
  return shapes.reduce((kept, [shape, instead]) => kept.replace(shape, instead), text);
}
