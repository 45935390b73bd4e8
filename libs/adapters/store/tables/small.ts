import type { DatabaseSync } from 'node:sqlite';
import type { ClusterName, Digest, JsonObject } from '@fairlead/core/model';
import type { Claimant, TokenClaim, TokenRow } from '@fairlead/ports/store';
import { cell, dense, fromJson, type Row } from '../row.ts';

/** Facts, tokens and the fence. */
export interface Small {
  fact(key: string): JsonObject | undefined;
  facts(prefix: string): Map<string, JsonObject>;
  putFact(key: string, value: JsonObject): void;
  dropFact(key: string): void;
  tokens(): TokenRow[];
  putToken(row: TokenRow): void;
  claim(hash: Digest, claimant: Claimant): TokenClaim;
  fence(): number;
  raiseFence(): number;
}

/** How long after their end tokens are remembered, so that the list of them is bounded. */
const tokenMemoryMs = 30 * 86_400_000;

/** Prepares the statements over `fact`, `token` and `meta`. */
export function small(database: DatabaseSync): Small {
  const fact = database.prepare('SELECT value FROM fact WHERE key = ?');
  const facts = database.prepare(
    'SELECT key, value FROM fact WHERE key >= ?1 AND key < ?1 || char(1114111) ORDER BY key',
  );
  const putFact = database.prepare('INSERT OR REPLACE INTO fact VALUES (?, ?)');
  const dropFact = database.prepare('DELETE FROM fact WHERE key = ?');
  const token = database.prepare('SELECT * FROM token WHERE hash = ?');
  const tokens = database.prepare('SELECT * FROM token ORDER BY hash');
  const putToken = database.prepare('INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?, ?, ?, ?)');
  const fence = database.prepare("SELECT value FROM meta WHERE key = 'fence'");
  const raise = database.prepare(
    "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'fence' RETURNING value",
  );
  const forget = database.prepare('DELETE FROM token WHERE expires_at_ms < ?');
  const put = (row: TokenRow): void => {
    const labels = JSON.stringify(row.labels);
    putToken.run(row.hash, row.cluster, labels, row.by, row.expiresAtMs, cell(row.usedAtMs), cell(row.usedBy));
  };
  return {
    fact: (key) => fromJson(fact.get(key)?.['value']) as JsonObject | undefined,
    facts: (prefix) =>
      new Map((facts.all(prefix) as Row[]).map((row) => [row['key'] as string, fromJson(row['value']) as JsonObject])),
    putFact: (key, value) => void putFact.run(key, JSON.stringify(value)),
    dropFact: (key) => void dropFact.run(key),
    tokens: () => (tokens.all() as Row[]).map(tokenOf),
    putToken(row) {
      forget.run(row.expiresAtMs - tokenMemoryMs);
      put(row);
    },
    claim(hash, claimant) {
      const row = token.get(hash) as Row | undefined;
      const claim = row ? judge(tokenOf(row), claimant) : ({ taken: false, reason: 'TokenInvalid' } as const);
      if (claim.taken) put(claim.row);
      return claim;
    },
    fence: () => Number(fence.get()?.['value']),
    raiseFence: () => Number(raise.get()?.['value']),
  };
}

function judge(row: TokenRow, { key, nowMs, againWithinMs }: Claimant): TokenClaim {
  if (row.usedAtMs !== undefined) {
    const again = row.usedBy === key && nowMs <= row.usedAtMs + againWithinMs;
    return again ? { taken: true, row } : { taken: false, reason: 'TokenUsed' };
  }
  if (nowMs > row.expiresAtMs) return { taken: false, reason: 'TokenExpired' };
  return { taken: true, row: { ...row, usedAtMs: nowMs, usedBy: key } };
}

function tokenOf(row: Row): TokenRow {
  return dense<TokenRow>({
    hash: row['hash'] as Digest,
    cluster: row['cluster'] as ClusterName,
    labels: fromJson(row['labels']) as TokenRow['labels'],
    by: row['made_by'] as string,
    expiresAtMs: row['expires_at_ms'] as number,
    usedAtMs: row['used_at_ms'] as number | undefined,
    usedBy: row['used_by'] as Digest | undefined,
  });
}
