import { appendFile, chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fastImportStream, type CommitRequest } from './fastImport.ts';
import { runGit } from './gitCommand.ts';

/** How a repository is made. */
export interface CreateOptions {
  /** Default: `main`. */
  readonly defaultBranch?: string;
  /** Serve partial clones (`filter`), as the large forges do. Default: true. */
  readonly filter?: boolean;
}

/** A bare repository on disk, written by git itself and not over the network. */
export interface BareRepository {
  readonly folder: string;
  readonly defaultBranch: string;
  commit(request: CommitRequest): Promise<string>;
  refs(): Promise<Map<string, string>>;
  git(...args: string[]): Promise<string>;
  protect(branch: string, on: boolean): Promise<void>;
}

const attempts = 20;

/** Refuses what is listed in the file `protected`, in the words that forges use. */
const updateHook = `#!/bin/sh
if [ -f protected ] && grep -qxF "$1" protected; then
  echo "GH006: Protected branch update failed for $1." >&2
  exit 1
fi
`;

async function writeCommit(
  repository: Pick<BareRepository, 'folder' | 'refs' | 'defaultBranch'>,
  home: string,
  request: CommitRequest,
): Promise<string> {
  const ref = `refs/heads/${request.branch ?? repository.defaultBranch}`;
  const rewrites = request.parent !== undefined;
  for (let attempt = 1; ; attempt += 1) {
    const parent = rewrites ? (request.parent ?? undefined) : (await repository.refs()).get(ref);
    const input = fastImportStream(request, { ref, parent, now: Math.floor(Date.now() / 1000) });
    try {
      const args = ['fast-import', '--quiet', '--done', ...(rewrites ? ['--force'] : [])];
      return (await runGit(args, { cwd: repository.folder, home, input })).trim();
    } catch (error) {
      if (rewrites || attempt === attempts) throw error; // else a push over the network came first: again, on its head
    }
  }
}

/** Makes a bare repository in `folder`. */
export async function createBare(
  folder: string,
  options: CreateOptions & { readonly home: string },
): Promise<BareRepository> {
  const { home, defaultBranch = 'main', filter = true } = options;
  await runGit(['init', '--quiet', '--bare', `--initial-branch=${defaultBranch}`, folder], { cwd: home, home });
  await appendFile(
    join(folder, 'config'),
    `[http]\n\treceivepack = true\n[uploadpack]\n\tallowFilter = ${filter}\n[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n`,
  );
  await writeFile(join(folder, 'hooks/update'), updateHook);
  await chmod(join(folder, 'hooks/update'), 0o755);
  const protectedBranches = new Set<string>();
  const git = (...args: string[]) => runGit(args, { cwd: folder, home });
  const refs = async () => {
    const lines = (await git('for-each-ref', '--format=%(objectname) %(refname)')).trim().split('\n').filter(Boolean);
    return new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]));
  };
  return {
    folder,
    defaultBranch,
    git,
    refs,
    commit: (request) => writeCommit({ folder, refs, defaultBranch }, home, request),
    async protect(branch, on) {
      if (on) protectedBranches.add(`refs/heads/${branch}`);
      else protectedBranches.delete(`refs/heads/${branch}`);
      await writeFile(join(folder, 'protected'), [...protectedBranches, ''].join('\n'));
    },
  };
}
