import { decideEntry, type EntryDecision, type EntryInput } from './decideEntry.ts';

/** A decision about what may enter, with everything that it rested on: run again, it comes to the same. Plain JSON. */
export interface EntryRecord {
  readonly kind: 'Entry';
  readonly input: Omit<EntryInput, 'named'> & { readonly named: readonly string[] };
  readonly decided: EntryDecision;
}

/** The record of a decision. */
export function recordEntry({ named, ...input }: EntryInput): EntryRecord {
  return { kind: 'Entry', input: { ...input, named: [...named] }, decided: decideEntry({ ...input, named }) };
}

/** What this version decides about the same. */
export function replayEntry({ input }: EntryRecord): EntryDecision {
  return decideEntry({ ...input, named: new Set(input.named) });
}
