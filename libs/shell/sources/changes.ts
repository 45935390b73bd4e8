import { urlOf, type Source } from '@fairlead/core/model';
import type { SourceChanges } from '@fairlead/ports/source';
import { unsupported, type FilePorts } from './files.ts';
import { sourceKey } from './wanted.ts';

/** Two revisions of a source, of which people want to know what lies between them. */
export interface Compared {
  readonly source: Source;
  readonly team: string;
  readonly from: string;
  readonly to: string;
  /** How many commits are told at most. */
  readonly most: number;
}

/** Tells what lies between two revisions. Throws what the port of sources throws, such as RevisionGone. */
export type Compare = (asked: Compared) => Promise<SourceChanges>;

/** How many answers are remembered: some tens of kilobytes each at most. */
const keptAnswers = 1_000;
/** How many questions go to git servers at once: it is for people to read, and fetches for releases come first. */
const askedAtOnce = 2;

/** Compares with the credentials of the team, a few at a time. */
export function compareSources(ports: Pick<FilePorts, 'adapters' | 'credentials'>): Compare {
  const inTurn = atMost(askedAtOnce);
  return ({ source, team, from, to, most }) =>
    inTurn(async () => {
      const url = urlOf(source);
      const adapter = ports.adapters.find((one) => one.handles(source));
      if (!adapter) throw unsupported(url);
      const credentials = await ports.credentials({ url, team });
      return adapter.changes(source, { from, to, most, ...(credentials ? { credentials } : {}) });
    });
}

/** Asks the same only once, and remembers the answers that were asked for last: a commit never changes. No failure is remembered. */
export function rememberCompared(compare: Compare): Compare {
  const kept = new Map<string, Promise<SourceChanges>>();
  return (asked) => {
    const key = [sourceKey(asked.source, asked.team), asked.from, asked.to, asked.most].join(' ');
    const answer = kept.get(key) ?? compare(asked);
    kept.delete(key);
    kept.set(key, answer);
    answer.catch(() => kept.delete(key));
    if (kept.size > keptAnswers) kept.delete(kept.keys().next().value ?? '');
    return answer;
  };
}

/** Does so many pieces of work at once; further ones wait for their turn. */
function atMost(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  const turns: (() => void)[] = [];
  let free = count;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => void turns.push(resolve));
    try {
      return await work();
    } finally {
      const next = turns.shift();
      if (next) next();
      else free += 1;
    }
  };
}
