import type { Person } from '../verdict.ts';

const plain = (text: string): string => text.trim().toLowerCase();

/** True for a person that a document names, by the name or the address that git has of them. */
export function isNamed(person: Person, entry: string): boolean {
  return [person.name, person.email].some((text) => text !== '' && plain(text) === plain(entry));
}

/**
 * True for two signatures that may be of one person: a name, an address or what stands before its `@` is the same. It
 * rather takes two for one than one for two, since nobody may approve what they wrote, or twice.
 */
export function mayBeSame(a: Person, b: Person): boolean {
  const handles = handlesOf(b);
  return [...handlesOf(a)].some((handle) => handles.has(handle));
}

function handlesOf({ name, email }: Person): Set<string> {
  const all = [name, email, email.split('@', 1)[0] ?? ''].map(plain);
  return new Set(all.filter((handle) => handle !== ''));
}
