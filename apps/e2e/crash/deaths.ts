import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the hub dies: at the Nth effect of this name since the plan was made, right before it or right after it. */
export interface Point {
  readonly effect: string;
  readonly nth: number;
  readonly when: 'before' | 'after';
}

/** Two files that outlive the hub: what it did, a line an effect, and where it is still to die. */
export interface Records {
  effects(): string[];
  points(): Point[];
  /** Forgets what was done, and says where the hub dies from now on. */
  plan(points: readonly Point[]): void;
  note(effect: string): void;
  keep(points: readonly Point[]): void;
}

/** The records in a folder. Everything is synchronous: nothing may come between a line and a death. */
export function openRecords(folder: string): Records {
  const [done, due] = [join(folder, 'effects'), join(folder, 'points')];
  const keep = (points: readonly Point[]): void => writeFileSync(due, JSON.stringify(points));
  return {
    effects: () => readFileSync(done, 'utf8').split('\n').filter(Boolean),
    points: () => JSON.parse(readFileSync(due, 'utf8')) as Point[],
    plan(points) {
      writeFileSync(done, '');
      keep(points);
    },
    note: (effect) => appendFileSync(done, `${effect}\n`),
    keep,
  };
}

/** True if two points are one. */
export function isSamePoint(a: Point, b: Point): boolean {
  return a.effect === b.effect && a.nth === b.nth && a.when === b.when;
}

/**
 * Called right before an effect: dies where that is planned, and else notes it. What is returned is to be called right
 * after the effect, before the hub hears of it. An effect that the hub died before was not done, and does not count.
 */
export function reach({ records, die }: { records: Records; die: () => void }, effect: string): () => void {
  const nth = records.effects().filter((one) => one === effect).length + 1;
  const dieIfPlanned = (when: Point['when']): void => {
    const points = records.points();
    const others = points.filter((point) => !isSamePoint(point, { effect, nth, when }));
    if (others.length === points.length) return;
    records.keep(others);
    die();
  };
  dieIfPlanned('before');
  records.note(effect);
  return () => dieIfPlanned('after');
}
