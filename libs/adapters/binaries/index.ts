import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { printedVersion } from './assets.ts';
import { type BinaryName, binarySpec } from './catalogue.ts';
import { createDownload, type Download } from './download.ts';
import { createGoBuild } from './goBuild.ts';
import { type Log, logToStderr } from './log.ts';
import { resolveBinary } from './resolve.ts';

export { type BinaryName, binaryNames, type BinarySpec, binarySpec, isBinaryName } from './catalogue.ts';
export type { Log } from './log.ts';

/** Options of {@link ensureBinary} and {@link ensureBinaries}. */
export interface EnsureOptions {
  /** Takes progress; standard error by default. */
  readonly log?: Log;
  /** Folder of the Go modules to build from; that of this checkout by default. Where it is missing nothing is built. */
  readonly modules?: string;
}

let download: Download | undefined; // one a process: it remembers that there is no way out

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fairlead', 'bin');
}

/** Folder of the Go modules in a checkout, seen from this file. */
function ownModules(): string {
  return join(import.meta.dirname, '../../../tools/kube/modules');
}

/**
 * The absolute path of a program at its pinned version. Asked in this order: the
 * folder `KUBEBUILDER_ASSETS` (same minor version), the user's cache, the official release (checksum
 * verified), `go build` where its modules are at hand. The first call on a machine may take minutes and says what it does; later ones
 * cost a file look-up. Throws one error that names what to install.
 */
export async function ensureBinary(name: BinaryName, options: EnsureOptions = {}): Promise<string> {
  const log = options.log ?? logToStderr;
  const modules = options.modules ?? ownModules();
  download ??= createDownload({ log });
  return resolveBinary(binarySpec(name), {
    assetsFolder: process.env['KUBEBUILDER_ASSETS'] || undefined,
    cacheFolder: cacheFolder(),
    download,
    build: existsSync(modules) ? createGoBuild({ log, modules }) : undefined,
    log,
  });
}

/**
 * {@link ensureBinary} with the version that the program itself prints, without a leading `v`: what a ledger pins must be
 * what renders, to the last digit. Throws if the program does not run or prints no version.
 */
export async function ensureTool(
  name: 'kustomize' | 'helm',
  options: EnsureOptions = {},
): Promise<{ version: string; path: string }> {
  const path = await ensureBinary(name, options);
  const version = await printedVersion(path, binarySpec(name));
  if (version !== undefined) return { version, path };
  throw new Error(`Cannot use ${path}: it prints no version. Remove it, and ${name} is fetched or built anew.`);
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
