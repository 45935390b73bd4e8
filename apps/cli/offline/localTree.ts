import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { FairleadError } from '@fairlead/core/model';
import type { FileTree, SourceFile } from '@fairlead/ports/source';

/** As much as a hub reads of a source. */
const limits = { files: 10_000, bytes: 128 * 1024 * 1024 };

/**
 * The files under `root` of a local checkout of a source, by their path from the checkout's root, as the hub reads them
 * from git: links resolved where they stay inside the root, refused where they leave it, `.git` left out. Uncommitted
 * and untracked files are part of it. Throws `FairleadError` that names the file.
 */
export async function localTree(folder: string, root: string): Promise<FileTree> {
  const top = join(folder, root);
  const real = await realpath(top).catch(() => undefined);
  if (real === undefined) {
    throw new FairleadError(
      `Cannot read the source at ${folder}: it has no ${root}. Give the root of a checkout of the source's repository.`,
      { code: 'NotFound', reason: 'SourceNotFound', subject: { file: top } },
    );
  }
  const files = new Map<string, SourceFile>();
  let bytes = 0;
  for await (const path of filesBelow(top, { real, within: [] })) {
    const [content, found] = await Promise.all([readFile(path), stat(path)]);
    bytes += content.length;
    if (files.size >= limits.files || bytes > limits.bytes) throw tooLarge(folder);
    files.set(relative(folder, path).split(sep).join('/'), {
      bytes: content,
      executable: (found.mode & 0o100) !== 0,
    });
  }
  return files;
}

/** Files by the path under which they show; a link's target must lie inside `real`. */
async function* filesBelow(
  path: string,
  inside: { readonly real: string; readonly within: readonly string[] },
): AsyncGenerator<string, void, undefined> {
  const target = await realpath(path).catch(() => undefined);
  if (target === undefined) throw refused(path, 'is a link that leads nowhere. Mend or remove it.');
  if (target !== inside.real && !target.startsWith(inside.real + sep))
    throw refused(path, "is a link that leaves the source's root. Widen the root, or copy the file.");
  if (!(await stat(target)).isDirectory()) {
    yield path;
    return;
  }
  if (inside.within.includes(target)) throw refused(path, 'is a link to a folder that holds it. Take it out.');
  for (const name of (await readdir(path)).sort()) {
    if (name !== '.git') yield* filesBelow(join(path, name), { ...inside, within: [...inside.within, target] });
  }
}

function refused(path: string, why: string): FairleadError {
  return new FairleadError(`Cannot read the source: ${path} ${why}`, {
    code: 'FailedPrecondition',
    reason: 'SourceUnsupported',
    subject: { file: path },
  });
}

function tooLarge(folder: string): FairleadError {
  return new FairleadError(
    `Cannot read the source at ${folder}: it holds more than ${limits.files} files or ${limits.bytes} bytes. Narrow the source's root.`,
    { code: 'ResourceExhausted', reason: 'SourceTooLarge', subject: { file: folder } },
  );
}
