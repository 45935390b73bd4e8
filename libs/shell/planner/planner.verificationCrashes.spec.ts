import { verificationOf } from '@fairlead/core/model';
import { describe, expect, it } from 'vitest';
import { crashesIn, mortal, rise, type Crash } from './crashes.fixture.ts';
import { applicationYaml, join, log, openFleet, pass, podinfo, release, type Fleet } from './fleet.fixture.ts';

const gate = '{ verification: { path: verify, retries: 1 } }';
const pipeline = applicationYaml(`[{ environment: dev }, { environment: prod, gates: [${gate}] }]`);

/** A Job that passes when it is tried again, one that fails for good, and a release that is fine. */
const jobs = ['Degraded', 'Healthy', 'Degraded', 'Degraded', 'Healthy'] as const;
const walk: readonly ((fleet: Fleet) => Promise<void>)[] = [
  (fleet) => join(fleet, { 'dev-1': { env: 'dev' }, 'prod-1': { env: 'prod' } }),
  (fleet) => pass(fleet, 60_000),
  (fleet) => release(fleet, '2.0.0'),
  (fleet) => pass(fleet, 60_000),
  (fleet) => release(fleet, '3.0.0'),
  (fleet) => pass(fleet, 60_000),
];

async function take(crash?: Crash) {
  const planner = mortal(crash);
  let fleet = await openFleet({ around: planner.around });
  await fleet.git.server.commit({
    message: 'Verify',
    files: { 'podinfo.yaml': pipeline.replace('path: deploy', 'path: deploy, root: .') },
  });
  fleet.source.jobs = [...jobs];
  let risen = false;
  for (const step of walk) {
    await step(fleet);
    if (!planner.isDead() || risen) continue;
    risen = true;
    fleet = await rise(fleet);
  }
  const rows = await fleet.store.assignments({ application: verificationOf(podinfo) });
  const commits = (await log(fleet)).filter((subject) => !subject.startsWith('Epoch'));
  await fleet.planner.close();
  const left = rows.filter(({ entry, tombstone }) => entry !== undefined || tombstone !== undefined);
  return { effects: planner.effects, died: planner.isDead(), ending: { commits, left, ran: fleet.source.ran } };
}

describe('a planner that is killed while it verifies', async () => {
  const whole = await take();

  it('runs a Job anew, keeps a release out and lets one in where nobody kills it', () => {
    expect(whole.ending).toEqual({
      commits: [
        'Verify',
        'Join dev-1, prod-1',
        'Promote default/podinfo 1.0.0 to dev',
        'Promote default/podinfo 1.0.0 to prod',
        'Promote default/podinfo 2.0.0 to dev',
        'Promote default/podinfo 3.0.0 to dev',
        'Promote default/podinfo 3.0.0 to prod',
      ],
      left: [],
      ran: ['1.0.0 on dev-1', '1.0.0 on dev-1', '2.0.0 on dev-1', '2.0.0 on dev-1', '3.0.0 on dev-1'],
    });
  });

  it.each(crashesIn(whole.effects))(
    '$when effect $at ($effect) runs no Job too often, and leaves none',
    async (crash) => {
      const { died, ending } = await take(crash);
      expect(died).toBe(true);
      expect(ending).toEqual(whole.ending);
    },
  );
});
