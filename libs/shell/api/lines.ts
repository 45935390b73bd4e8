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
  readonly commit: string;
  readonly timeMs: number;
}

/** The ledger files that were asked for, with their commits, newest first. */
export function ledgerFiles(
  ports: Pick<ReadPorts, 'fleet'>,
  { application, environment }: LineQuery,
): { readonly environment: string; readonly application: string; readonly commits: readonly LedgerCommit[] }[] {
  return [...(ports.fleet()?.named ?? [])]
    .map(([key, commits]) => {
      const [at = '', team = '', name = ''] = key.split('/');
      return { environment: at, application: `${team}/${name}`, commits };
    })
    .filter(
      (file) =>
        (application === undefined || file.application === application) &&
        (environment === undefined || file.environment === environment),
    );
}

/** Key of a line in a list that is told newest first. */
export function newestFirst({ timeMs, commit, environment, application }: Line): string {
  return `${String(9e15 - timeMs)} ${commit} ${environment}/${application}`;
}

/** The lines in that order. */
export function sortedNewestFirst<One extends Line>(lines: readonly One[]): One[] {
  return lines.toSorted((a, b) => (newestFirst(a) < newestFirst(b) ? -1 : 1));
}

/** What a commit did, by the first word of its message. */
export function actionOf({ message }: Pick<LedgerCommit, 'message'>): string {
  return message.split(/[\s:]/, 1)[0] ?? '';
}
