import type { Claimant, TokenClaim } from './port.ts';
import type { TokenRow } from './rows.ts';

/** How long after their end tokens are remembered, so that the list of them is bounded. */
export const tokenMemoryMs = 30 * 86_400_000;

/** Judges a claim of a token; where it is taken, the row is what is to be kept from then on. */
export function judgeClaim(row: TokenRow | undefined, { key, nowMs, againWithinMs }: Claimant): TokenClaim {
  if (!row) return { taken: false, reason: 'TokenInvalid' };
  if (row.usedAtMs !== undefined) {
    const again = row.usedBy === key && nowMs <= row.usedAtMs + againWithinMs;
    return again ? { taken: true, row } : { taken: false, reason: 'TokenUsed', cluster: row.cluster };
  }
  if (nowMs > row.expiresAtMs) return { taken: false, reason: 'TokenExpired', cluster: row.cluster };
  return { taken: true, row: { ...row, usedAtMs: nowMs, usedBy: key } };
}
