import { readFleet } from '@fairlead/core/documents';
import { FairleadError, type CommitSha, type Digest } from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { listChanges, type ChangesPorts } from './changes.ts';
import type { FleetInForce, LedgerCommit } from './ports.ts';

const text =
  'apiVersion: fairlead.dev/v1alpha1\nkind: Application\nmetadata: { name: shop }\nspec: { source: { git: { url: "https://git.example.com/shop" } }, pipeline: [{ environment: dev }] }\n';

function promoted(letter: string): LedgerCommit {
  return {
    commit: letter.repeat(40) as CommitSha,
    timeMs: letter.charCodeAt(0),
    author: 'ada',
    message: 'Promote default/shop to dev\n',
    trailers: [],
    digest: `sha256:${letter.repeat(64)}` as Digest,
    version: letter,
    definition: 'f'.repeat(40) as CommitSha,
    revisions: { main: letter },
  };
}

/** Two promotions of `default/shop` in `dev`, and who answers for the source between them. */
function ports(compare: ChangesPorts['compare'], held: FairleadError[] = []) {
  const clock = manualClock();
  const documents = readFleet([{ path: 'shop.yaml', text }]);
  const fleet = {
    documents: { ...documents, held: new Map([['default/shop', held]]) },
    named: new Map([['dev/default/shop', [promoted('b'), promoted('a')]]]),
  } as unknown as FleetInForce;
  const rest = { store: memoryStore(), repository: '', troubles: async () => [], connection: () => 'Never' as const };
  return { ...rest, clock, compare, fleet: () => fleet };
}

async function newest(given: ChangesPorts) {
  return (await listChanges(given, { limit: 1 })).items[0]?.sources[0];
}

test('a server that takes long is not waited for, and asked again by the next call', async () => {
  const given = ports(() => new Promise(() => undefined));
  const asked = newest(given);
  given.clock.advance(20_000);
  expect(await asked).toMatchObject({
    commits: [],
    problem: { reason: 'SourceUnavailable', message: expect.stringContaining('Ask again') },
  });
});

test('a source that the team may not read is not even asked for', async () => {
  const options = { code: 'PermissionDenied', reason: 'TeamForbids' } as const;
  let asked = 0;
  const compare = () => {
    asked += 1;
    return Promise.reject(new Error('nobody asks'));
  };
  const given = ports(compare, [new FairleadError('Team web may not use it.', options)]);
  expect(await newest(given)).toMatchObject({ problem: { reason: 'TeamForbids' } });
  expect(asked).toBe(0);
});

test('words that nobody wrote for people are not told', async () => {
  const given = ports(() => Promise.reject(new Error('EACCES /home/ada')));
  const source = await newest(given);
  expect(source).toMatchObject({ problem: { reason: 'InternalError' } });
  expect(JSON.stringify(source)).not.toContain('/home/ada');
});
