import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitSourceAdapter } from '@fairlead/adapters/git';
import { treeDigest } from '@fairlead/core/bundle';
import { sourcesOf, urlOf, type Application, type Digest, type ReleaseFile, type Source } from '@fairlead/core/model';
import type { FileTree, SourceAdapter } from '@fairlead/ports/source';
import { keepFiles, type FileKeeper, type PinnedSource } from '@fairlead/shell/sources';
import { usageError } from '../usage.ts';
import { localTree } from './localTree.ts';

/** Sources of one application, read: what a render asks for. */
export interface ReadSources {
  readonly pinned: Readonly<Record<string, PinnedSource>>;
  /** Files of `main`. */
  readonly main: FileTree;
  readonly files: FileKeeper;
}

/** Where to read sources from. */
export interface SourceOptions {
  /** Folder of a local checkout, by the source's name. */
  readonly local: ReadonlyMap<string, string>;
  /** Whose revisions are read; undefined: what the refs name now. */
  readonly release: ReleaseFile | undefined;
  progress(line: string): void;
  /** Hears of a local folder that does not hold what the release pins. */
  differs(name: string, found: { readonly digest: Digest; readonly pinned: Digest }): void;
}

const maxBytes = 512 * 1024 * 1024;

/**
 * Reads every source of an application: from the folders given, else from git, at the revision that the release pins.
 * Throws `FairleadError` as the source's adapter does; what a release pins is proven by its digest.
 */
export async function readSources(definition: Application, options: SourceOptions): Promise<ReadSources> {
  const sources = sourcesOf(definition);
  for (const name of options.local.keys()) {
    if (!Object.hasOwn(sources, name))
      throw usageError(
        `Cannot use --source ${name}=…: the application has no source of that name. It has ${Object.keys(sources).join(', ')}.`,
        '--source',
      );
  }
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-sources-'));
  const adapter = gitSourceAdapter({ folder });
  try {
    const files = keepFiles({ adapters: [adapter], credentials: async () => undefined, treeDigest }, { maxBytes });
    const pinned: Record<string, PinnedSource> = {};
    for (const [name, source] of Object.entries(sources)) {
      const common = { source, url: urlOf(source), team: definition.spec.team };
      const pin = options.release?.spec.sources[name];
      const local = options.local.get(name);
      if (local !== undefined) {
        const tree = await localTree(local, rootOf(source));
        const digest = treeDigest(tree);
        if (pin !== undefined && pin.digest !== digest) options.differs(name, { digest, pinned: pin.digest });
        files.keep(digest, tree);
        pinned[name] = { ...common, revision: pin?.digest === digest ? pin.revision : 'local', digest };
      } else if (pin !== undefined) {
        options.progress(`fetching ${common.url} at ${pin.revision.slice(0, 12)}`);
        pinned[name] = { ...common, ...pin };
        await files.files({ ...common, ...pin });
      } else {
        options.progress(`fetching ${common.url}`);
        const { revision, tree } = await newest(adapter, source);
        const digest = treeDigest(tree);
        files.keep(digest, tree);
        pinned[name] = { ...common, revision, digest };
      }
    }
    const { main } = pinned;
    return { pinned, files, main: main === undefined ? new Map() : await files.files(main) };
  } finally {
    adapter.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function rootOf(source: Source): string {
  return 'git' in source ? (source.git.root ?? source.git.path) : '.';
}

async function newest(adapter: SourceAdapter, source: Source): Promise<{ revision: string; tree: FileTree }> {
  if (!adapter.handles(source))
    throw usageError(
      `Cannot fetch ${urlOf(source)}: only git sources are fetched offline. Give its files with --source NAME=DIR.`,
      '--source',
    );
  const { head } = await adapter.check(source, {});
  const { revision, files } = await adapter.fetch(source, { head });
  return { revision, tree: files };
}
