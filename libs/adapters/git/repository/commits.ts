import { FairleadError, type CommitSha } from '@fairlead/core/model';
import type { CommitDraft } from '@fairlead/ports/repository';
import git, { type CommitObject } from 'isomorphic-git';
import { changeTree } from '../objects/trees.ts';
import { commitHere, type Held } from './history.ts';
import { signSsh } from './sign.ts';

/** Who commits, and when in milliseconds since 1970. */
export interface Committer {
  readonly name: string;
  readonly email: string;
  readonly timeMs: number;
}

function checkPath(path: string): void {
  const bad = path
    .split('/')
    .some(
      (part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git' || part.includes('\0'),
    );
  if (!bad) return;
  throw new FairleadError(
    `Cannot commit the file ${JSON.stringify(path)}: it is not a path inside the repository. Name it from the root, without dots.`,
    { code: 'InvalidInput', reason: 'InvalidArgument' },
  );
}

function signature({ name, email, timeMs }: Committer) {
  return { name, email, timestamp: Math.floor(timeMs / 1000), timezoneOffset: 0 };
}

/** Writes a commit; with a key it is signed. */
async function writeCommit(store: Held['store'], commit: CommitObject, key: string | undefined): Promise<string> {
  const plain = await git.writeCommit({ ...store.place(), commit });
  if (key === undefined) return plain;
  // What is signed is the commit as git writes it: the plain one stays behind unused.
  const { payload } = await git.readCommit({ ...store.place(), oid: plain });
  const gpgsig = await signSsh(Buffer.from(payload), key);
  return git.writeCommit({ ...store.place(), commit: { ...commit, gpgsig } });
}

/** Writes the commits on `base`, one after another, without a worktree, signed where a key is given; they exist nowhere but here yet. */
export async function writeCommits(
  held: Held,
  base: string,
  request: { readonly drafts: readonly CommitDraft[]; readonly hub: Committer; readonly key?: string | undefined },
): Promise<CommitSha[]> {
  const { store } = held;
  const commits: CommitSha[] = [];
  let { tree } = await commitHere(held, base);
  let parent = base;
  for (const { files, author, message } of request.drafts) {
    for (const path of files.keys()) checkPath(path);
    tree = (await changeTree(store, tree, files)) ?? (await git.writeTree({ ...store.place(), tree: [] }));
    const commit = {
      tree,
      parent: [parent],
      author: signature({ ...request.hub, ...author }),
      committer: signature(request.hub),
      message: message.endsWith('\n') ? message : `${message}\n`,
    };
    parent = await writeCommit(store, commit, request.key);
    commits.push(parent as CommitSha);
  }
  return commits;
}
