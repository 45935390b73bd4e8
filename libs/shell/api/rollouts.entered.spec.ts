import { expect, it } from 'vitest';
import { portsOver } from './ports.fixture.ts';
import type { LedgerCommit } from './ports.ts';
import { listRollouts } from './rollouts.ts';

const promoted = (digest: string, ...trailers: [string, string][]) => ({ digest, trailers }) as unknown as LedgerCommit;
const shop = { spec: { pipeline: [{ environment: 'prod' }] } };

async function entered(...commits: LedgerCommit[]): Promise<string | undefined> {
  const fleet = {
    documents: { applications: new Map([['web/shop', shop]]) },
    ledger: { releases: new Map() },
    named: new Map([['prod/web/shop', commits]]),
  };
  return (await listRollouts(portsOver(fleet), { limit: 10 })).items[0]?.entered;
}

it('a rollout shows the verdicts of its own attempt, whatever was written beside it since', async () => {
  const soaked: [string, string] = ['Fairlead-Gates', 'soak=1h ok'];
  expect(await entered(promoted('b'), promoted('b', soaked), promoted('a', ['Fairlead-Gates', 'soak=2h ok']))).toBe(
    'soak=1h ok',
  );
  expect(await entered(promoted('b'), promoted('a', soaked))).toBeUndefined();
  expect(await entered()).toBeUndefined();
});
