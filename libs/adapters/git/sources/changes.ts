import type { ChangesRequest, SourceChange, SourceChanges } from '@fairlead/ports/source';
import type { Commit } from '../objects/store.ts';
import { entryAt } from '../objects/trees.ts';
import { NotOurRef } from '../remote/transport.ts';
import { byName, gone, lookFor } from './commits.ts';
import type { Mirror } from './mirror.ts';
import { deepen } from './revision.ts';

/** Where the history of a source lies, and what of it counts. */
export interface HistoryPlace {
  readonly url: string;
  readonly remoteRef: string;
  /** Commits that changed nothing below it are left out. */
  readonly root: string;
}

/** One commit of a line of first parents. */
interface Step {
  readonly commit: Commit;
  /** It changed something under the root. */
  readonly changed: boolean;
}

/** First parents from a commit on, newest first, without the one that they were followed to. */
interface Line {
  readonly steps: readonly Step[];
  /** It led to where it was followed to. */
  readonly found: boolean;
}

/** Commits that one line is followed over: more than a fetch brings. */
const longestLine = 10_000;
const subjectChars = 200;

/**
 * Which commits lie between two revisions, by what is here and what the server gives out within the depths of
 * {@link deepen}. The commit that is named newer by its time is tried first as the one that leads to the other.
 */
export async function changesBetween(
  mirror: Mirror,
  place: HistoryPlace,
  { from, to, most }: Pick<ChangesRequest, 'from' | 'to' | 'most'>,
): Promise<SourceChanges> {
  const { url, remoteRef } = place;
  // Asked even where both are here already: what these credentials may not read must not come from the copy.
  const hasRef = (await byName(mirror, remoteRef)) !== undefined;
  const now = await lookFor(mirror, { url, revision: to, remoteRef, hasRef });
  if (!now) throw gone({ url, revision: to });
  const before = await lookFor(mirror, { url, revision: from, remoteRef, hasRef });
  // What is nowhere is not looked for any further.
  if (!before) return apart(await lineOf(mirror, place, { start: now, until: from, enough: most }), { most });
  const came = () => lineOf(mirror, place, { start: now, until: from });
  const went = () => lineOf(mirror, place, { start: before, until: to });
  const goesBack = before.timeMs > now.timeMs;
  const first = await (goesBack ? went() : came());
  if (first.found) return whole(first, { most, back: goesBack });
  const second = await (goesBack ? came() : went());
  if (second.found) return whole(second, { most, back: !goesBack });
  return apart(goesBack ? second : first, { most, other: goesBack ? first : second });
}

function whole({ steps }: Line, { most, back }: { most: number; back: boolean }): SourceChanges {
  return { ...told(steps, most), reached: !back, back };
}

/** Neither leads to the other: what came since the two parted, as far as that is known. */
function apart({ steps }: Line, { most, other }: { most: number; other?: Line }): SourceChanges {
  const theirs = new Set(other?.steps.map(({ commit }) => commit.oid));
  const parted = steps.findIndex(({ commit }) => theirs.has(commit.oid));
  const { commits, more } = told(parted < 0 ? steps : steps.slice(0, parted), most);
  return { commits, more: more || parted < 0, reached: false, back: false };
}

function told(steps: readonly Step[], most: number): Pick<SourceChanges, 'commits' | 'more'> {
  const changed = steps.filter((step) => step.changed);
  return { commits: changed.slice(0, most).map(({ commit }) => changeOf(commit)), more: changed.length > most };
}

function changeOf({ oid, message, author, timeMs }: Commit): SourceChange {
  const [subject = ''] = message.trimStart().split('\n', 1);
  return {
    commit: oid,
    subject: short(subject),
    author: { name: short(author.name), email: short(author.email) },
    timeMs,
  };
}

/** Whoever may push could write a book, and steer a terminal. */
function short(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, subjectChars)
    .toWellFormed();
}

/** Follows first parents over what is here, and fetches more where that is cut, or until there are more than `enough`. */
async function lineOf(
  mirror: Mirror,
  { root, remoteRef }: HistoryPlace,
  { start, until, enough }: { start: Commit; until: string; enough?: number },
): Promise<Line> {
  const { store } = mirror;
  const at = async (commit: Commit | undefined) => commit && (await entryAt(store, commit.tree, root))?.oid;
  const steps: Step[] = [];
  let next: Commit | undefined = start;
  let left = enough ?? longestLine;
  const isCut = async (): Promise<boolean> => {
    while (next !== undefined && next.oid !== until && steps.length < longestLine && left >= 0) {
      const [parent] = next.parents;
      const before: Commit | undefined = parent === undefined ? undefined : await store.commit(parent);
      if (parent !== undefined && before === undefined) return true;
      const changed = before?.tree !== next.tree && (await at(before)) !== (await at(next));
      steps.push({ commit: next, changed });
      if (changed) left -= 1;
      next = before;
    }
    return false;
  };
  if (await isCut()) await deepenFrom(mirror, { start: start.oid, remoteRef }, isCut);
  return { steps, found: next?.oid === until };
}

/** Counts the depth from the commit itself, where the server gives that out by its name: the ref may be far ahead of it. */
async function deepenFrom(
  mirror: Mirror,
  { start, remoteRef }: { start: string; remoteRef: string },
  isCut: () => Promise<boolean>,
): Promise<void> {
  try {
    await deepen(mirror, start, isCut);
  } catch (error) {
    if (!(error instanceof NotOurRef)) throw error;
    await deepen(mirror, remoteRef, isCut);
  }
}
