import type { GitServer } from '@fairlead/testkit/git';

/** A commit of the ledger. */
export interface LedgerCommit {
  readonly sha: string;
  readonly subject: string;
  readonly author: string;
  readonly trailers: readonly string[];
  /** Paths that it changed. */
  readonly files: readonly string[];
}

const unit = '\u001f';
const record = '\u001e';

/** The commits of the fleet repository after `since` that touched the ledger, oldest first. */
export async function ledgerSince(git: GitServer, since: string): Promise<LedgerCommit[]> {
  const format = `${record}%H${unit}%s${unit}%an${unit}%(trailers:unfold,separator=%x1d)${unit}`;
  const args = ['log', '--reverse', '--name-only', `--format=${format}`, `${since}..main`, '--', 'ledger'];
  const text = await git.git('fleet', ...args);
  return text
    .split(record)
    .slice(1)
    .map((one) => {
      const [sha = '', subject = '', author = '', trailers = '', files = ''] = one.split(unit);
      const lines = (joined: string, by: string): string[] => joined.split(by).filter((line) => line.trim() !== '');
      return { sha, subject, author, trailers: lines(trailers, '\u001d'), files: lines(files, '\n') };
    });
}

/** The head of the fleet repository. */
export async function fleetHead(git: GitServer): Promise<string> {
  const head = (await git.refs('fleet')).get('refs/heads/main');
  if (head === undefined) throw new Error('Cannot read the ledger: the fleet repository has no branch main');
  return head;
}

/** Calls back with each ledger commit as it is pushed, from now on, in order; the function that is returned ends it. */
export async function followLedger(
  git: GitServer,
  onCommit: (commit: LedgerCommit) => void,
): Promise<() => Promise<void>> {
  let seen = await fleetHead(git);
  let reading: Promise<void> = Promise.resolve();
  const read = async (): Promise<void> => {
    const head = await fleetHead(git);
    for (const commit of await ledgerSince(git, seen)) onCommit(commit);
    seen = head;
  };
  const end = git.onRefUpdate(({ repository }) => {
    if (repository === 'fleet') reading = reading.then(read);
  });
  return async () => {
    end();
    await reading;
  };
}
