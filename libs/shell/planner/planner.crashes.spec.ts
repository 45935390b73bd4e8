import { describe, expect, it } from 'vitest';
import {
  applicationYaml,
  environmentYaml,
  generousFleetYaml,
  join,
  log,
  openFleet,
  pass,
  release,
  run,
  versions,
  type Fleet,
} from './fleet.fixture.ts';
import { crashesIn, mortal, rise, type Crash } from './crashes.fixture.ts';

const members = {
  'dev-1': { env: 'dev' },
  'prod-canary': { env: 'prod', tier: 'canary' },
  'prod-1': { env: 'prod' },
  'prod-2': { env: 'prod' },
};
const prod = environmentYaml(
  'prod',
  '{ waves: [{ name: canary, clusters: { matchLabels: { tier: canary } } }, { name: rest }], maxUnavailable: 1, onFailure: Rollback }',
);
const pipeline = applicationYaml('[{ environment: dev }, { environment: prod }]');

/** A promotion through waves, a bad release with halt and rollback, its fix, and a withdrawal. */
const walk: readonly ((fleet: Fleet) => Promise<void>)[] = [
  (fleet) => join(fleet, members),
  (fleet) => pass(fleet, 60_000),
  (fleet) => release(fleet, '2.0.0'),
  // A planner that was away begins the deadline of ten minutes anew.
  ...Array.from({ length: 5 }, () => (fleet: Fleet) => pass(fleet, 300_000)),
  (fleet) => release(fleet, '3.0.0'),
  (fleet) => pass(fleet, 60_000),
  async (fleet) => {
    await fleet.git.server.commit({
      message: 'No prod any more',
      files: { 'podinfo.yaml': applicationYaml('[{ environment: dev }]') },
    });
    await fleet.planner.plan({ head: true });
    await run(fleet);
  },
  (fleet) => pass(fleet, 60_000),
];

interface Ending {
  readonly effects: readonly string[];
  readonly died: boolean;
  readonly commits: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  /** Every release that a cluster was ever given, in order. */
  readonly given: Readonly<Record<string, readonly string[]>>;
}

/** Takes the walk; the planner that died is started again on the same store and the same git. */
async function take(crash?: Crash): Promise<Ending> {
  const planner = mortal(crash);
  let fleet = await openFleet({ around: planner.around });
  await fleet.git.server.commit({
    message: 'Two environments',
    files: { 'podinfo.yaml': pipeline, 'prod.yaml': prod, 'fairlead.yaml': generousFleetYaml },
  });
  fleet.source.broken.add('2.0.0 in prod');
  const given: Record<string, string[]> = {};
  let risen = false;
  for (const step of walk) {
    await step(fleet);
    if (planner.isDead() && !risen) {
      risen = true;
      fleet = await rise(fleet);
    }
    for (const [cluster, version] of Object.entries(await versions(fleet)))
      if (given[cluster]?.at(-1) !== version) (given[cluster] ??= []).push(version);
  }
  const commits = (await log(fleet)).filter((subject) => !subject.startsWith('Epoch'));
  await fleet.planner.close();
  return { effects: planner.effects, died: planner.isDead(), commits, versions: await versions(fleet), given };
}

describe('a planner that is killed', async () => {
  const whole = await take();
  const places = crashesIn(whole.effects);

  it('walks through promotion, halt, rollback, fix and withdrawal where nobody kills it', () => {
    expect(whole.commits).toMatchInlineSnapshot(`
      [
        "Two environments",
        "Join dev-1, prod-1, prod-2 and 1 more",
        "Promote default/podinfo 1.0.0 to dev",
        "Promote default/podinfo 1.0.0 to prod",
        "Promote default/podinfo 2.0.0 to dev",
        "Promote default/podinfo 2.0.0 to prod",
        "Rollback default/podinfo in prod from 2.0.0 to 1.0.0",
        "Promote default/podinfo 3.0.0 to dev",
        "Promote default/podinfo 3.0.0 to prod",
        "No prod any more",
        "Withdraw default/podinfo from prod",
      ]
    `);
    expect(whole.given).toMatchInlineSnapshot(`
      {
        "dev-1": [
          "1.0.0",
          "2.0.0",
          "3.0.0",
        ],
        "prod-1": [
          "1.0.0",
          "3.0.0",
        ],
        "prod-2": [
          "1.0.0",
          "3.0.0",
        ],
        "prod-canary": [
          "1.0.0",
          "2.0.0",
          "1.0.0",
          "3.0.0",
        ],
      }
    `);
    expect(places.length).toBeGreaterThan(40);
  });

  it.each(places)('$when effect $at ($effect) skips, doubles and forgets nothing', async (crash) => {
    const { died, commits, versions: now, given } = await take(crash);
    expect(died).toBe(true);
    expect({ commits, now, given }).toEqual({ commits: whole.commits, now: whole.versions, given: whole.given });
  });
});
