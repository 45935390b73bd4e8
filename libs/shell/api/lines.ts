import { splitReleaseKey } from '@fairlead/core/documents';
import type { LedgerCommit, ReadPorts } from './ports.ts';

/** Whose ledger files a call is for; all of them unless it says. */
export interface LineQuery {
  readonly application?: string | undefined;
  readonly environment?: string | undefined;
}

/** Something that happened to one application in one environment by a commit of the ledger. */
export interface Line {
  readonly environment: string;
  /** TEAM/NAME. */
  readonly application: string;
  readonly timeMs: number;
  /** Which one of its ledger file, counted from the oldest. */
  readonly nth: number;
}

/** A commit of a ledger file in its place. */
export type NthCommit = LedgerCommit & Pick<Line, 'nth'>;

/** The ledger files that were asked for, with their commits, newest first. */
export function ledgerFiles(
  ports: Pick<ReadPorts, 'fleet'>,
  { application, environment }: LineQuery,
): { readonly environment: string; readonly application: string; readonly commits: readonly NthCommit[] }[] {
  return [...(ports.fleet()?.named ?? [])]
    .map(([key, commits]) => {
      const { environment: at, team, name } = splitReleaseKey(key);
      return { environment: at, application: `${team}/${name}`, commits };
    })
    .filter(
      (file) =>
        (application === undefined || file.application === application) &&
        (environment === undefined || file.environment === environment),
    )
    .map((file) => ({
      ...file,
      commits: file.commits.map((commit, at) => ({ ...commit, nth: file.commits.length - at })),
    }));
}

/** Key of a line in a list that is told newest first; git counts in seconds, so those of one file stay in their order. */
export function newestFirst({ timeMs, nth, environment, application }: Line): string {
  return `${String(9e15 - timeMs)} ${environment}/${application} ${String(9e9 - nth)}`;
}

/** The lines in that order. */
export function sortedNewestFirst<One extends Line>(lines: readonly One[]): One[] {
  return lines.toSorted((a, b) => (newestFirst(a) < newestFirst(b) ? -1 : 1));
}

/** What a commit did, by the first word of its message. */
export function actionOf({ message }: Pick<LedgerCommit, 'message'>): string {
  return message.split(/[\s:]/, 1)[0] ?? '';
}
