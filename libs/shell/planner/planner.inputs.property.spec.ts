import fc from 'fast-check';
import { expect, it } from 'vitest';
import { patienceMs, seeded } from '@fairlead/testkit/property';
import { join, openFleet, pass, podinfo, run, versions, type Fleet } from './fleet.fixture.ts';

// I7: empty, partial or failed input deletes nothing. Whatever becomes of files and sources, every cluster keeps what it runs;
// and when the input is whole again, everybody runs what git says, those that joined meanwhile included.

const members = {
  'dev-1': { env: 'dev' },
  'staging-1': { env: 'staging' },
  'prod-canary': { env: 'prod', tier: 'canary' },
  'prod-1': { env: 'prod' },
};
const documents = ['fairlead.yaml', 'dev.yaml', 'staging.yaml', 'prod.yaml', 'podinfo.yaml'];
const releases = ['dev', 'staging', 'prod'].map((name) => `ledger/${name}/default/podinfo.yaml`);
const memberFiles = Object.keys(members).map((name) => `ledger/clusters/${name}.yaml`);
const paths = [...documents, ...releases, ...memberFiles, 'ledger/hub.yaml'];
/**
 * Without `ledger/dev/` and `ledger/clusters/`: who deletes the ledger file of one placement means it, which the removal budget
 * allows, and who deletes a member's ends its membership and leaves its workloads.
 */
const folders = [
  ['ledger/prod/'],
  ['ledger/dev/', 'ledger/staging/'],
  ['ledger/dev/', 'ledger/staging/', 'ledger/prod/'],
];

const path = fc.constantFrom(...paths);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('cut' as const),
      path,
      share: fc.double({ min: 0, max: 0.95, noNaN: true }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('delete' as const),
      some: fc.uniqueArray(fc.constantFrom(...documents), { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('deleteFolders' as const), folders: fc.constantFrom(...folders) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('swap' as const, 'copy' as const), path, other: path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('sourceDown' as const, 'sourceEmpty' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('join' as const), env: fc.constantFrom('dev', 'staging', 'prod') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(61_000, 660_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Files = Readonly<Record<string, string | null>>;

/** Input as it was, and what has become of the fleet and of the ledger since. */
interface Story {
  readonly whole: ReadonlyMap<string, string>;
  readonly joined: string[];
  readonly gone: Set<string>;
}

async function push(fleet: Fleet, changed: Files): Promise<void> {
  await fleet.git.server.commit({ message: 'Change', files: changed });
  await fleet.planner.plan({ head: true });
  await run(fleet);
}

/** What a step makes of files, none for one that is about something else. */
function filesOf(one: Step, whole: ReadonlyMap<string, string>): Files | undefined {
  const text = (name: string): string => whole.get(name) ?? '';
  switch (one.do) {
    case 'cut':
      return { [one.path]: text(one.path).slice(0, text(one.path).length * one.share) };
    case 'delete':
      return Object.fromEntries(one.some.map((name) => [name, null]));
    case 'deleteFolders':
      return Object.fromEntries(
        paths.filter((name) => one.folders.some((folder) => name.startsWith(folder))).map((name) => [name, null]),
      );
    case 'swap':
      return { [one.path]: text(one.other), [one.other]: text(one.path) };
    case 'copy':
      return { [one.path]: text(one.other) };
    default:
      return undefined;
  }
}

async function take(fleet: Fleet, one: Step, { whole, joined, gone }: Story): Promise<void> {
  const { source } = fleet;
  if (one.do === 'deleteFolders') {
    // Who deletes again what some step has put back deletes one placement by itself, and may.
    if (one.folders.some((folder) => gone.has(folder))) return;
    for (const folder of one.folders) gone.add(folder);
  }
  const changed = filesOf(one, whole);
  if (changed !== undefined) return push(fleet, changed);
  if (one.do === 'wait') return pass(fleet, one.ms);
  if (one.do === 'join') {
    const name = `new-${joined.length}`;
    joined.push(name);
    return join(fleet, { [name]: { env: one.env } });
  }
  // A source that holds nothing any more is refused by the renderer, as one that cannot be rendered is.
  if (one.do === 'sourceEmpty') Object.assign(source, { version: '2.0.0', revision: 'r2', renders: false });
  else source.down = true;
  return run(fleet);
}

/** Every cluster that ran the application does so still: nobody was told to leave, and nobody left. */
async function keeps(fleet: Fleet): Promise<void> {
  const found = await versions(fleet);
  expect(Object.entries(found).filter(([, version]) => version !== '1.0.0')).toEqual([]);
  expect(found).toMatchObject(Object.fromEntries(Object.keys(members).map((name) => [name, '1.0.0'])));
  const statuses = await fleet.store.statuses({ application: podinfo });
  expect(statuses.map(({ cluster }) => String(cluster))).toEqual(expect.arrayContaining(Object.keys(members)));
}

it(
  'deletes nothing, whatever files are cut, deleted, swapped or lost at the source (I7)',
  { timeout: patienceMs },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        const fleet = await openFleet();
        await join(fleet, members);
        await pass(fleet, 60_000);
        const files = await fleet.git.repository.files(await fleet.git.repository.fetch());
        const whole = new Map(files.map(({ path: name, text }) => [name, text]));
        const story: Story = { whole, joined: [], gone: new Set() };
        for (const one of steps) {
          await take(fleet, one, story);
          await keeps(fleet);
        }
        Object.assign(fleet.source, { version: '1.0.0', revision: 'r1', down: false, renders: true });
        await push(fleet, Object.fromEntries(whole));
        for (let minutes = 0; minutes < 3; minutes += 1) await pass(fleet, 61_000);
        await keeps(fleet);
        const everybody = [...Object.keys(members), ...story.joined].sort();
        expect(Object.keys(await versions(fleet)).sort()).toEqual(everybody);
        await fleet.planner.close();
      }),
      seeded(300),
    );
  },
);
