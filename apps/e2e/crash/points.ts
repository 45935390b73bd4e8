import type { Point } from './deaths.ts';

/** Effects on which others act before the hub's next one: the git server, agents. */
const heard = /^(push|assign) /;

/**
 * Where a hub with these effects can die: before each, after each on which others act, and after the last. Right after
 * any other is right before the next. `isEach` takes each after too.
 */
export function pointsIn(effects: readonly string[], { isEach }: { readonly isEach: boolean }): Point[] {
  return numbered(effects).flatMap((one, at): Point[] => {
    // How far a wave has come is told as often as reports happen to come apart; what counts is what opens the next wave.
    if (one.effect.startsWith('decided ') && !effects[at + 1]?.startsWith('assign ')) return [];
    const isTold = isEach || heard.test(one.effect) || at === effects.length - 1;
    return [{ ...one, when: 'before' }, ...(isTold ? [{ ...one, when: 'after' } as const] : [])];
  });
}

/** Every effect by its name and its number among those of that name, in order. */
function numbered(effects: readonly string[]): Pick<Point, 'effect' | 'nth'>[] {
  const met = new Map<string, number>();
  return effects.map((effect) => {
    const nth = (met.get(effect) ?? 0) + 1;
    met.set(effect, nth);
    return { effect, nth };
  });
}

/** Deals points to as few walks as hold so many each; those of one walk lie as far apart as may be. */
export function dealt(points: readonly Point[], { perWalk }: { readonly perWalk: number }): Point[][] {
  const walks = Math.ceil(points.length / perWalk);
  return Array.from({ length: walks }, (_, walk) => points.filter((_point, at) => at % walks === walk));
}
