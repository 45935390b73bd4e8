import { expect, test } from 'vitest';
import { ledgerFiles, sortedNewestFirst } from './lines.ts';
import type { FleetInForce, LedgerCommit } from './ports.ts';

const at = (commit: string, timeMs: number) => ({ commit, timeMs }) as LedgerCommit;

test('commits of one second stay in the order of their ledger file, and others go by time', () => {
  const named = new Map([
    ['dev/web/shop', [at('a', 2_000), at('c', 1_000), at('b', 1_000)]],
    ['prod/web/shop', [at('d', 3_000), at('e', 1_000)]],
  ]);
  const fleet = () => ({ named }) as unknown as FleetInForce;
  const lines = ledgerFiles({ fleet }, {}).flatMap(({ commits, ...file }) =>
    commits.map((commit) => ({ ...file, ...commit })),
  );
  expect(sortedNewestFirst(lines).map(({ commit }) => commit as string)).toEqual(['d', 'a', 'c', 'b', 'e']);
  expect(ledgerFiles({ fleet }, { environment: 'prod' })).toHaveLength(1);
  expect(ledgerFiles({ fleet }, { application: 'web/other' })).toEqual([]);
});
