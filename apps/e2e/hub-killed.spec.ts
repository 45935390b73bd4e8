import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Point } from './crash/deaths.ts';
import { dealt, pointsIn } from './crash/points.ts';
import { environments, openRig, writesOf, type Rig, type Walk, type Walked } from './crash/rig.ts';

/**
 * The hub's own process is killed (SIGKILL) at every effect of a rollout over six real control planes, and started again.
 * It is the shipped bundle with its SQLite and a real git server; `crash/preload.ts` is how it dies exactly there.
 *
 * Which effects there are, walks without a death say: of a good release, of a bad one, and of its fix. Where the later ones
 * do the same as the good one they are not killed again: of the bad one it is from the halt on, of the fix at its pushes.
 *
 * - Each push: before the server took it, and after it took it and before the hub has the answer.
 * - Each write to the store that a rollout causes: before it. What is given to agents, and the last one: after it too.
 *   Right after any other write is right before the next effect; `FAIRLEAD_RUNS=2` takes those points as well.
 * - Not: writes that only carry what agents say, doorbells that are taken down, and the leader's heartbeat.
 *
 * A release meets up to three deaths, far apart: each begins in the middle of a rollout. What came of it is asked of git
 * and of the API servers' audit logs.
 */
const isEach = Number(process.env['FAIRLEAD_RUNS'] ?? 1) > 1;
const perWalk = 3;
/** How often a point is tried that a walk did not come by, such as for reports that came together in another way. */
const tries = 3;
const [canary, ...rest] = environments.prod;
const promotions = ['dev', 'staging', 'prod'].map((name) => `Promote default/web to ${name}`);

let rig: Rig;
let good: Walked;
let bad: Walked;
let fix: Walked;

beforeAll(async () => {
  rig = await openRig();
  good = await walk({ isBad: false, points: [] });
  bad = await walk({ isBad: true, points: [] });
  fix = await walk({ isBad: false, points: [] });
});
afterAll(() => rig?.stop());

/** One release, and what must hold of each: one promotion and one write for each place, in the order of the waves. */
async function walk(options: Walk): Promise<Walked> {
  const walked = await rig.walk(options);
  const { isBad, points } = options;
  const { commits, starts, missed } = walked;
  // Named in the message of what fails.
  const killed = points.map(({ effect, nth, when }) => `${when} ${effect} (${nth})`);
  const writes = Object.entries(walked.writes).map(([name, { length }]) => [name, length]);
  const inOrder = rest.map((name) => isInOrder(['dev', 'staging', canary, name], walked));
  expect({ killed, starts, commits, writes: Object.fromEntries(writes), inOrder }).toEqual({
    killed,
    starts: points.length - missed.length,
    commits: [...promotions, ...(isBad ? ['Rollback default/web in prod from to'] : [])],
    writes: writesOf({ isBad }),
    inOrder: rest.map(() => true),
  });
  return walked;
}

/** Whether each cluster was written to first when the one before it was done. */
function isInOrder(way: readonly (keyof Walked['writes'])[], { writes }: Walked): boolean {
  const firsts = way.flatMap((name) => writes[name][0] ?? []);
  return firsts.every(
    (first, at) => at === 0 || (firsts[at - 1]?.stageTimestamp ?? '') < first.requestReceivedTimestamp,
  );
}

/** Has the hub die at each of the points, by as many walks as it takes; each resolves to those that it did not come by. */
async function dieAt(points: readonly Point[], walkBy: (some: Point[]) => Promise<readonly Point[]>): Promise<void> {
  let left = points;
  for (let n = 0; n < tries && left.length > 0; n += 1) {
    const missed: Point[] = [];
    for (const some of dealt(left, { perWalk: n === 0 ? perWalk : 1 })) missed.push(...(await walkBy(some)));
    left = missed;
  }
  expect(left).toEqual([]);
}

test('a rollout is pushes, decisions, and what is given to agents, environment by environment and wave by wave', () => {
  const known = (name: string): string[] => [`push Promote default/web to ${name}`, `Promoted ${name}`];
  expect(good.effects).toEqual(
    expect.arrayContaining([
      'SourceChanged + fact source',
      'fact bundle',
      ...['dev', 'staging', 'prod'].flatMap((name) => [...known(name), `RolloutProgressing ${name}`]),
      'assign dev all dev',
      'assign staging all staging',
      'assign prod canary prod-canary',
      'decided prod/default/web Progressing canary Over rest Open',
      'assign prod rest prod-1 + assign prod rest prod-2 + assign prod rest prod-3',
      'RolloutOver prod',
    ]),
  );
  const back = ['RolloutHalted prod', 'push Rollback default/web in prod from to', 'RolledBack prod'];
  expect(bad.effects).toEqual(expect.arrayContaining([...known('prod'), ...back]));
  expect(fix.effects).toEqual(expect.arrayContaining(known('prod')));
});

test('a release goes everywhere once, in order, whichever of its effects the hub dies at', async () => {
  const points = pointsIn(good.effects, { isEach });
  expect(points.length).toBeGreaterThan(30);
  await dieAt(points, async (some) => (await walk({ isBad: false, points: some })).missed);
});

test('what is bad is taken back once and reaches no other wave, whichever effect of the halt or the rollback the hub dies at', async () => {
  const points = pointsIn(bad.effects.slice(bad.effects.indexOf('RolloutHalted prod')), { isEach });
  expect(points.length).toBeGreaterThan(8);
  await dieAt(points, async (some) => {
    const { missed } = await walk({ isBad: true, points: some });
    await walk({ isBad: false, points: [] });
    return missed;
  });
});

test('the fix of what was bad goes everywhere once, whichever of its pushes the hub dies at', async () => {
  const points = pointsIn(fix.effects, { isEach }).filter(({ effect }) => isEach || effect.startsWith('push '));
  expect(points.length).toBeGreaterThanOrEqual(6);
  await dieAt(points, async (some) => {
    await walk({ isBad: true, points: [] });
    return (await walk({ isBad: false, points: some })).missed;
  });
});
