import {
  errorOf,
  plainError,
  type Digest,
  type FairleadError,
  type JsonObject,
  type PlainError,
} from '@fairlead/core/model';
import type { FetchedSource } from '@fairlead/ports/source';
import type { Store } from '@fairlead/ports/store';

/** A person, as git names them. */
export type Author = FetchedSource['authors'][number];

/** What is known of a source. The last good state stays beside a problem. */
export interface SourceState {
  readonly head?: string;
  /** The commit since which the ref has had these files without a break. */
  readonly revision?: string;
  readonly version?: string;
  readonly digest?: Digest;
  /** Who wrote the revision. */
  readonly authors?: readonly Author[];
  readonly problem?: FairleadError;
}

const prefix = 'source:';

/** Key of the fact that keeps the state of a source. */
export function stateKey(key: string): string {
  return `${prefix}${key}`;
}

/** The state as the fact has it. */
export function stateFact({ url }: { readonly url: string }, { problem, ...good }: SourceState): JsonObject {
  return {
    url,
    ...(good as JsonObject),
    ...(problem ? { problem: plainError(problem) as unknown as JsonObject } : {}),
  };
}

/** What was found last in a source, by whichever instance; undefined where nobody has looked yet. */
export async function sourceState(store: Store, key: string): Promise<SourceState | undefined> {
  return stateOf(await store.fact(stateKey(key)));
}

/** Why sources cannot be read now. */
export async function sourceProblems(store: Store): Promise<readonly FairleadError[]> {
  const facts = await store.facts(prefix);
  return [...facts.values()].flatMap((fact) => stateOf(fact)?.problem ?? []);
}

function stateOf(fact: JsonObject | undefined): SourceState | undefined {
  if (fact === undefined) return undefined;
  const { head, revision, version, digest, authors, problem } = fact as Omit<SourceState, 'problem'> & {
    problem?: PlainError;
  };
  return {
    ...(head === undefined ? {} : { head }),
    ...(revision === undefined ? {} : { revision }),
    ...(version === undefined ? {} : { version }),
    ...(digest === undefined ? {} : { digest }),
    ...(authors === undefined ? {} : { authors }),
    ...(problem === undefined ? {} : { problem: errorOf(problem) }),
  };
}
