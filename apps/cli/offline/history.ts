import * as fs from 'node:fs';
import git from 'isomorphic-git';
import { FairleadError } from '@fairlead/core/model';
import type { FleetFile } from '@fairlead/core/documents';

/**
 * The YAML files of a commit of the repository that a folder is a checkout of. Throws HistoryIncomplete when the commit
 * is not there: a shallow clone, another repository, or no git at all.
 */
export async function filesAtCommit(folder: string, commit: string): Promise<FleetFile[]> {
  const files: FleetFile[] = [];
  try {
    const dir = await git.findRoot({ fs, filepath: folder });
    await git.walk({
      fs,
      dir,
      trees: [git.TREE({ ref: commit })],
      async map(path, [entry]) {
        if ((await entry?.type()) !== 'blob' || !/\.ya?ml$/.test(path)) return true;
        const content = await entry?.content();
        if (content) files.push({ path, text: Buffer.from(content).toString('utf8') });
        return undefined;
      },
    });
  } catch (thrown) {
    throw new FairleadError(
      `Cannot read commit ${commit} of ${folder}: ${(thrown as Error).message}. Fetch the whole history (git fetch --unshallow), or render what the checkout says now with --head.`,
      { code: 'FailedPrecondition', reason: 'HistoryIncomplete', subject: { file: folder }, cause: thrown },
    );
  }
  return files;
}
