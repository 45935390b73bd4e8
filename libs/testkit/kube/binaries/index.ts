import { homedir } from 'node:os';
import { join } from 'node:path';

import { type BinaryName, binarySpec } from './catalogue.ts';
import { createDownload, type Download } from './download.ts';
import { createGoBuild } from './goBuild.ts';
import { type Log, logToStderr } from './log.ts';
import { resolveBinary } from './resolve.ts';

export { type BinaryName, binaryNames, isBinaryName } from './catalogue.ts';
export type { Log } from './log.ts';

/** Options of {@link ensureBinary} and {@link ensureBinaries}. */
export interface EnsureOptions {
  /** Takes progress; standard error by default. */
  readonly log?: Log;
}

let download: Download | undefined; // one a process: it remembers that there is no way out

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fairlead', 'bin');
}

/**
 * The absolute path of a program at the version that `tools/kube/modules` pins. Asked in this order: the
 * folder `KUBEBUILDER_ASSETS` (same minor version), the user's cache, the official release (checksum
 * verified), `go build`. The first call on a machine may take minutes and says what it does; later ones
 * cost a file look-up. Throws one error that names what to install.
 */
export async function ensureBinary(name: BinaryName, options: EnsureOptions = {}): Promise<string> {
  const log = options.log ?? logToStderr;
  download ??= createDownload({ log });
  return resolveBinary(binarySpec(name), {
    assetsFolder: process.env['KUBEBUILDER_ASSETS'] || undefined,
    cacheFolder: cacheFolder(),
    download,
    build: createGoBuild({ log }),
    log,
  });
}

/** {@link ensureBinary} for several, one after another (a build uses all cores by itself). */
export async function ensureBinaries<const Names extends readonly BinaryName[]>(
  names: Names,
  options: EnsureOptions = {},
): Promise<Record<Names[number], string>> {
  const paths: Partial<Record<BinaryName, string>> = {};
  for (const name of names) paths[name] = await ensureBinary(name, options);
  return paths as Record<Names[number], string>;
}
