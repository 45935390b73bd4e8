import { readFleet, parseLedgerFile } from '@fairlead/core/documents';
import type { ClusterName, Digest } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { fleetFiles } from './repository.ts';

test('a fleet of several waves is one that the hub reads, with each cluster in one of them', () => {
  const agents = Array.from({ length: 50 }, (_, at) => ({
    cluster: `sim-${at}` as ClusterName,
    key: `sha256:${'a'.repeat(64)}` as Digest,
  }));
  const waves = [20, 30, 50].map((percent) => ({ percent, maxConcurrent: '50%' }));
  const files = fleetFiles({ agents, applications: 1, objects: 1, waves }, 'https://git.example/source');
  const texts = Object.entries(files).map(([path, text]) => ({ path, text }));
  const { environments, problems } = readFleet(texts, { ledgerPath: 'ledger' });
  expect(problems).toEqual([]);
  expect(environments.get('all')?.spec.rollout.waves.map(({ name }) => name)).toEqual(['wave-1', 'wave-2', 'wave-3']);
  const members = agents.map(({ cluster }) => {
    const path = `ledger/clusters/${cluster}.yaml`;
    return parseLedgerFile({ path, text: files[path] ?? '' }, { ledgerPath: 'ledger' });
  });
  const inWave = (name: string) =>
    members.filter((member) => JSON.stringify(member).includes(`"wave":"${name}"`)).length;
  expect(['wave-1', 'wave-2', 'wave-3'].map(inWave)).toEqual([10, 15, 25]);
});
