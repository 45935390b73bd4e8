/** What a commit puts at a path: text, bytes, an executable, a link, a submodule, or `null` for nothing. */
export type FileContent =
  | string
  | Uint8Array
  | null
  | { readonly executable: string }
  | { readonly link: string }
  | { readonly submodule: string };

/** One commit, as a test or the demo asks for it. */
export interface CommitRequest {
  /** Changes against the branch's head. */
  readonly files: Readonly<Record<string, FileContent>>;
  readonly message: string;
  /** Default: the repository's default branch. */
  readonly branch?: string;
  readonly author?: { readonly name: string; readonly email: string };
  /** Drop everything that the branch had before this commit's files. */
  readonly replaceAll?: boolean;
  /** Parent, where it is not the branch's head: rewrites the branch. `null` makes a root commit. */
  readonly parent?: string | null;
  /** A second parent, for a merge. */
  readonly merge?: string;
  /** Seconds since 1970. */
  readonly time?: number;
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function data(content: string | Uint8Array): Buffer[] {
  const bytes = Buffer.from(content as string);
  return [Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')];
}

function change(path: string, content: FileContent): Buffer[] {
  if (content === null) return [Buffer.from(`D ${quoted(path)}\n`)];
  if (typeof content === 'string' || content instanceof Uint8Array)
    return [Buffer.from(`M 100644 inline ${quoted(path)}\n`), ...data(content)];
  if ('executable' in content) return [Buffer.from(`M 100755 inline ${quoted(path)}\n`), ...data(content.executable)];
  if ('link' in content) return [Buffer.from(`M 120000 inline ${quoted(path)}\n`), ...data(content.link)];
  return [Buffer.from(`M 160000 ${content.submodule} ${quoted(path)}\n`)];
}

/** The stream that makes `git fast-import` write the commit and move the branch in one process. */
export function fastImportStream(
  request: CommitRequest,
  target: { readonly ref: string; readonly parent: string | undefined; readonly now: number },
): Buffer {
  const author = request.author ?? { name: 'Ada', email: 'ada@example.com' };
  const who = `${author.name} <${author.email}> ${request.time ?? target.now} +0000`;
  const head = [`commit ${target.ref}\n`, 'mark :1\n', `author ${who}\n`, `committer ${who}\n`].map((line) =>
    Buffer.from(line),
  );
  const parents = [target.parent && `from ${target.parent}\n`, request.merge && `merge ${request.merge}\n`].filter(
    (line) => typeof line === 'string',
  );
  return Buffer.concat([
    // A branch that exists would be the parent by itself: the reset makes a commit without `from` a root.
    ...(target.parent === undefined ? [Buffer.from(`reset ${target.ref}\n\n`)] : []),
    ...head,
    ...data(request.message),
    ...parents.map((line) => Buffer.from(line)),
    ...(request.replaceAll ? [Buffer.from('deleteall\n')] : []),
    ...Object.entries(request.files).flatMap(([path, content]) => change(path, content)),
    Buffer.from('\nget-mark :1\ndone\n'),
  ]);
}
