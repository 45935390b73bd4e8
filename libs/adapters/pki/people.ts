import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hashToken } from './making.ts';

/** Where tokens of people lie below the hub's keys, unless told. */
export const peopleFolder = 'people';

/** A name or an address, as git has it; a file of another name is no person. */
const person = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}(@[A-Za-z0-9.-]{1,190})?$/;
/** Shorter ones could be guessed. */
const leastCharacters = 24;
const mostPeople = 1_000;
/** How long a reading counts: what is taken away, or written into a file that was there, is seen after it. */
const readForMs = 1_000;

/**
 * Who calls, by the tokens in the files of a folder; the file's name is the name or the address
 * that stands in commits. Files may come and go while the hub runs. One that holds less than 24 characters, and one of
 * no person's name, lets nobody in.
 */
export function peopleIn(
  folder: string,
  { now }: { readonly now: () => number },
): (token: string) => string | undefined {
  let known: ReadonlyMap<string, string> = new Map();
  let read = { atMs: Number.NEGATIVE_INFINITY, changed: 0 };
  return (token) => {
    const hash = hashToken(token);
    const isOld = Math.abs(now() - read.atMs) >= readForMs;
    // A file that was just put there has changed its folder.
    if (isOld || (!known.has(hash) && changedAt(folder) !== read.changed)) {
      read = { atMs: now(), changed: changedAt(folder) };
      known = readPeople(folder);
    }
    return known.get(hash);
  };
}

function readPeople(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of namesIn(folder).slice(0, mostPeople)) {
    const token = textOf(join(folder, name));
    if (token !== undefined && token.length >= leastCharacters) found.set(hashToken(token), name);
  }
  return found;
}

function changedAt(folder: string): number {
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => person.test(name));
  } catch {
    // Nobody but the administrator.
    return [];
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
