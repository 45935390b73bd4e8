import { hello, openFleet, run, type Around, type Fleet } from './fleet.fixture.ts';

/** Where a planner dies: at the effect of this number, before it or after it. */
export interface Crash {
  readonly at: number;
  readonly when: 'before' | 'after';
}

/** A planner that dies once; nothing of it has an effect afterwards. */
export function mortal(crash: Crash | undefined) {
  const effects: string[] = [];
  let isDead = false;
  const died = (): Error => {
    isDead = true;
    return new Error('the planner was killed');
  };
  const around: Around = async (effect, work) => {
    if (isDead) throw died();
    effects.push(effect);
    const isHere = crash?.at === effects.length - 1;
    if (isHere && crash.when === 'before') throw died();
    const result = await work();
    if (isHere) throw died();
    return result;
  };
  return { around, effects, isDead: () => isDead };
}

/** Every place at which a planner with these effects can die. */
export function crashesIn(effects: readonly string[]): readonly (Crash & { readonly effect: string })[] {
  return effects.flatMap((effect, at) => (['before', 'after'] as const).map((when) => ({ at, when, effect })));
}

/** The planner that died is started again on the same store and the same git, and its agents come back. */
export async function rise(fleet: Fleet): Promise<Fleet> {
  await fleet.planner.close();
  const next = await openFleet({ from: fleet, store: fleet.store });
  Object.assign(next.source, fleet.source);
  await next.planner.plan({ head: true });
  // Where the epoch was raised, they were asked to.
  for (const { cluster } of await next.store.clusters()) await hello(next, cluster);
  await run(next);
  return next;
}
