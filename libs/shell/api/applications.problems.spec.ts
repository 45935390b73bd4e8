import { readFleet, readLedger } from '@fairlead/core/documents';
import { FairleadError, type ApplicationId, type CommitSha } from '@fairlead/core/model';
import { place } from '@fairlead/core/placement';
import { expect, test } from 'vitest';
import { getApplication } from './applications.ts';
import { portsOver } from './ports.fixture.ts';

const shop = 'default/shop' as ApplicationId;
const text = `apiVersion: fairlead.dev/v1alpha1
kind: Application
metadata: { name: shop }
spec: { source: { git: { url: "https://git.example.com/shop" } }, pipeline: [{ environment: dev }] }
`;

test('an application that is carried past its broken document shows what is wrong with it', async () => {
  const broken = new FairleadError('Cannot read shop.yaml:4: unknown field.', {
    code: 'InvalidInput',
    reason: 'InvalidDocument',
    subject: { file: 'shop.yaml', line: 4 },
  });
  const documents = { ...readFleet([{ path: 'shop.yaml', text }]), held: new Map([[shop, [broken]]]) };
  const ledger = readLedger([]);
  const fleet = {
    head: 'a'.repeat(40) as CommitSha,
    documents,
    ledger,
    placement: place({ ...documents, members: ledger.members }),
    named: new Map(),
    problems: [broken],
  };
  expect((await getApplication(portsOver(fleet), shop)).problems).toEqual([
    { reason: 'InvalidDocument', message: 'Cannot read shop.yaml:4: unknown field.', file: 'shop.yaml', line: 4 },
  ]);
});
