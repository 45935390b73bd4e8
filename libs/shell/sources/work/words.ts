import { canonicalJson, sha256 } from '@fairlead/core/bundle';
import { parseJson, sourcesOf, type JsonObject, type PlainError } from '@fairlead/core/model';
import type { Compared } from '../changes.ts';
import type { Described, PinnedRender } from '../releases.ts';
import { sourceKey } from '../wanted.ts';

/** What a sources instance is asked for. */
export type Work =
  | { readonly kind: 'describe'; readonly asked: Described }
  | { readonly kind: 'render'; readonly asked: PinnedRender }
  | { readonly kind: 'changes'; readonly asked: Compared };

/** A request as the fact `work:KEY` has it. */
export interface WorkFact {
  /** The work as canonical JSON; text, since its integers may be of any size. */
  readonly work: string;
  /** Key of the source whose files it needs: who follows that source has them at hand. */
  readonly near: string;
  /** The instance that does it. */
  readonly by?: string;
}

/** An answer as the fact `answer:KEY` has it. */
export interface AnswerFact {
  /** Milliseconds since 1970 by the clock of who answered; only that one's sweeping looks at it. */
  readonly atMs: number;
  readonly value?: JsonObject;
  readonly problem?: PlainError;
}

export const workPrefix = 'work:';
export const answerPrefix = 'answer:';

/** Begins the keys of work that nothing is rolled out by. */
const asidePrefix = 'aside:';

/** True for work that only people wait for: it must not take the place of renders. */
export function isAside(key: string): boolean {
  return key.startsWith(asidePrefix);
}

/** Names work by its content: whoever asks for the same, asks once. */
export function requestOf(work: Work): { readonly key: string; readonly fact: WorkFact } {
  const text = canonicalJson(work);
  const key = `${work.kind === 'changes' ? asidePrefix : ''}${sha256(text)}`;
  return { key, fact: { work: text, near: nearOf(work) ?? key } };
}

function nearOf(work: Work): string | undefined {
  if (work.kind === 'changes') return sourceKey(work.asked.source, work.asked.team);
  const [where, { spec }] =
    work.kind === 'describe'
      ? [work.asked.application, work.asked.application]
      : [work.asked.where, work.asked.definition];
  const main = sourcesOf(where)['main'];
  return main && sourceKey(main, spec.team);
}

/** The work that a fact asks for. */
export function workOf({ work }: WorkFact): Work {
  return parseJson(work) as Work;
}
