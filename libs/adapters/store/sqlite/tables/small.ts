import type { DatabaseSync } from 'node:sqlite';
import type { ClusterName, Digest, JsonObject } from '@fairlead/core/model';
import {
  factText,
  judgeClaim,
  tokenMemoryMs,
  type Claimant,
  type TokenClaim,
  type TokenRow,
} from '@fairlead/ports/store';
import { dense } from '../../dense.ts';
import { cell, fromJson, type Row } from '../row.ts';

/** Facts and tokens. */
export interface Small {
  fact(key: string): JsonObject | undefined;
  factsOf(keys: readonly string[]): Map<string, JsonObject>;
  facts(prefix: string): Map<string, JsonObject>;
  putFact(key: string, value: JsonObject): void;
  dropFact(key: string): void;
  putToken(row: TokenRow): void;
  claim(hash: Digest, claimant: Claimant): TokenClaim;
}

/** Prepares the statements over `fact` and `token`. */
export function small(database: DatabaseSync): Small {
  const fact = database.prepare('SELECT value FROM fact WHERE key = ?');
  const factsOf = database.prepare('SELECT key, value FROM fact WHERE key IN (SELECT value FROM json_each(?))');
  const facts = database.prepare(
    'SELECT key, value FROM fact WHERE key >= ?1 AND key < ?1 || char(1114111) ORDER BY key',
  );
  const putFact = database.prepare('INSERT OR REPLACE INTO fact VALUES (?, ?)');
  const dropFact = database.prepare('DELETE FROM fact WHERE key = ?');
  const token = database.prepare('SELECT * FROM token WHERE hash = ?');
  const putToken = database.prepare('INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?, ?, ?, ?)');
  const forget = database.prepare('DELETE FROM token WHERE expires_at_ms < ?');
  const put = (row: TokenRow): void => {
    const labels = JSON.stringify(row.labels);
    putToken.run(row.hash, row.cluster, labels, row.by, row.expiresAtMs, cell(row.usedAtMs), cell(row.usedBy));
  };
  return {
    fact: (key) => fromJson(fact.get(key)?.['value']) as JsonObject | undefined,
    factsOf: (keys) => byKey(factsOf.all(JSON.stringify(keys))),
    facts: (prefix) => byKey(facts.all(prefix)),
    putFact: (key, value) => void putFact.run(key, factText(key, value)),
    dropFact: (key) => void dropFact.run(key),
    putToken(row) {
      forget.run(row.expiresAtMs - tokenMemoryMs);
      put(row);
    },
    claim(hash, claimant) {
      const row = token.get(hash) as Row | undefined;
      const claim = judgeClaim(row && tokenOf(row), claimant);
      if (claim.taken) put(claim.row);
      return claim;
    },
  };
}

function byKey(rows: readonly Row[]): Map<string, JsonObject> {
  return new Map(rows.map((row) => [row['key'] as string, fromJson(row['value']) as JsonObject]));
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
