import type { Pace } from '../pace.ts';

/** So many calls of all answers are under way at a time. */
const places = 2;

/** A pace for answers: few calls at a time, and each behind the bulk work that waits already. */
export function behind(pace: Pace): Pace {
  const waiting: (() => void)[] = [];
  let active = 0;
  return {
    get limit() {
      return Math.min(places, pace.limit);
    },
    async run(_urgency, work) {
      if (active >= places) await new Promise<void>((resolve) => void waiting.push(resolve));
      else active += 1;
      try {
        return await pace.run('bulk', work);
      } finally {
        const next = waiting.shift();
        if (next) next();
        else active -= 1;
      }
    },
  };
}
