import { expect, test } from 'vitest';
import type { ApplicationId } from '@fairlead/core/model';
import { inputProblems } from './inputs.ts';
import type { Decided, ReadPorts } from './ports.ts';

const shop = 'web/shop' as ApplicationId;

function portsWith(next: Record<string, Decided['next']>): ReadPorts {
  const spec = { pipeline: Object.keys(next).map((environment) => ({ environment })) };
  const decided = async (key: string): Promise<Decided> => {
    const said = next[key.split('/')[0] ?? ''];
    const why = { reason: 'RolledOut' as const, message: '' };
    return { state: 'Over', why, waves: [], clusters: [], gates: [], ...(said ? { next: said } : {}) };
  };
  return {
    decided,
    fleet: () => ({ documents: { applications: new Map([[shop, { spec }]]) } }),
  } as unknown as ReadPorts;
}

test('what cannot be rendered is a problem of the application, and what only waits is none', async () => {
  const ports = portsWith({
    dev: { reason: 'RenderEmpty', message: 'Nothing is left.' },
    staging: { reason: 'WaitsForPredecessor', message: 'dev offers no release now.' },
    prod: undefined,
  });
  expect(await inputProblems(ports, shop)).toEqual([
    { reason: 'RenderEmpty', message: 'Nothing is left.', application: 'web/shop', environment: 'dev' },
  ]);
});

test('an application that git does not define has none', async () => {
  expect(await inputProblems(portsWith({}), 'web/other' as ApplicationId)).toEqual([]);
});
