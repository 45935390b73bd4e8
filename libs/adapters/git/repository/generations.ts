import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore, type ObjectStore } from '../objects/store.ts';

/**
 * Numbered folders in which a repository's objects lie. isomorphic-git never joins packs: when there are too many, the
 * branch is fetched anew into the next folder, and the one before goes when that is done.
 */
export interface Generations {
  readonly store: ObjectStore;
  /** Fills a new folder, then leaves the old one. The old one stays when `fill` throws. */
  renew(fill: (store: ObjectStore) => Promise<void>): Promise<void>;
}

function numberOf(name: string): number {
  return /^g\d+$/.test(name) ? Number(name.slice(1)) : 0;
}

/** Opens the newest folder; a newer one that was never filled was taken away by the run that made it, or is empty. */
export async function openGenerations(folder: string, url: string): Promise<Generations> {
  await mkdir(folder, { recursive: true });
  const numbers = (await readdir(folder)).map(numberOf).filter((number) => number > 0);
  let current = Math.min(...numbers, numbers.length === 0 ? 1 : Number.POSITIVE_INFINITY);
  const at = (number: number): string => join(folder, `g${number}`);
  // Of two, the older one is whole: it goes last.
  for (const number of numbers) if (number !== current) await rm(at(number), { recursive: true, force: true });
  let store = await openStore(at(current), url);
  return {
    get store() {
      return store;
    },
    async renew(fill) {
      const next = await openStore(at(current + 1), url);
      try {
        await fill(next);
      } catch (error) {
        await rm(at(current + 1), { recursive: true, force: true });
        throw error;
      }
      const old = at(current);
      current += 1;
      store = next;
      await rm(old, { recursive: true, force: true });
    },
  };
}
