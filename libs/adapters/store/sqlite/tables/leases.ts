import type { DatabaseSync } from 'node:sqlite';
import type { ClusterName } from '@fairlead/core/model';
import type { Beat, Candidate } from '@fairlead/ports/store';
import type { Row } from '../row.ts';

/** Who leads, and which instances are alive. */
export interface Leases {
  fence(): number;
  lead(candidate: Candidate): number | undefined;
  resign(holder: string): void;
  beat(beat: Beat): boolean;
  sweep(): ClusterName[];
  instances(role: string): string[];
}

/** Prepares the statements over `lead` and `instance`. A lease has run out at the moment that it names. */
export function leases(database: DatabaseSync, now: () => number): Leases {
  const fence = database.prepare('SELECT fence FROM lead');
  const take = database.prepare(`UPDATE lead SET fence = fence + (holder IS NOT ?1), holder = ?1, until_ms = ?2
    WHERE holder IS NULL OR holder = ?1 OR until_ms <= ?3 RETURNING fence`);
  const resign = database.prepare('UPDATE lead SET holder = NULL WHERE holder = ?');
  const renew = database.prepare('UPDATE instance SET role = ?2, until_ms = ?3 WHERE instance = ?1');
  const register = database.prepare('INSERT INTO instance VALUES (?1, ?2, ?3)');
  const forget = database.prepare('DELETE FROM instance WHERE until_ms <= ?');
  const disconnect = database.prepare(`UPDATE cluster SET connected = 0
    WHERE connected = 1 AND (gateway IS NULL OR gateway NOT IN (SELECT instance FROM instance)) RETURNING cluster`);
  const alive = database.prepare('SELECT instance FROM instance WHERE role = ? AND until_ms > ? ORDER BY instance');
  return {
    instances: (role) => (alive.all(role, now()) as Row[]).map((row) => String(row['instance'])),
    fence: () => Number(fence.get()?.['fence']),
    lead({ holder, ttlMs }) {
      const taken = take.get(holder, now() + ttlMs, now());
      return taken && Number(taken['fence']);
    },
    resign: (holder) => void resign.run(holder),
    beat({ instance, role, ttlMs }) {
      const untilMs = now() + ttlMs;
      const isNew = renew.run(instance, role, untilMs).changes === 0;
      if (isNew) register.run(instance, role, untilMs);
      return isNew;
    },
    sweep() {
      forget.run(now());
      return (disconnect.all() as Row[]).map((row) => row['cluster'] as ClusterName).sort();
    },
  };
}
