import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { BinarySpec } from './catalogue.ts';
import type { Log } from './log.ts';

const versionTimeoutMs = 10_000;

/** The version that a program prints of itself, without a leading `v`; undefined if it prints none. Throws if it cannot run. */
export async function printedVersion(path: string, spec: BinarySpec): Promise<string | undefined> {
  const run = promisify(execFile);
  const { stdout, stderr } = await run(path, [...spec.versionArguments], { timeout: versionTimeoutMs });
  return /\bv?(\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1];
}

function minorOf(version: string): string {
  return version.replace(/^v/, '').split('.').slice(0, 2).join('.');
}

/**
 * The program in the folder that `KUBEBUILDER_ASSETS` names, if it is there and of the pinned minor
 * version; undefined otherwise. A file that is there and does not fit is named in the log.
 */
export async function findAsset(
  spec: BinarySpec,
  options: { folder: string | undefined; log: Log },
): Promise<string | undefined> {
  if (!options.folder) return undefined;
  const path = join(options.folder, spec.name);
  try {
    await access(path, constants.X_OK);
  } catch {
    return undefined; // not there: the normal case for what envtest does not bring
  }
  const found = await printedVersion(path, spec).catch((error: Error) => `unknown (${error.message.split('\n')[0]})`);
  if (found !== undefined && minorOf(found) === minorOf(spec.version)) return path;
  options.log(`${spec.name}: ${path} is version ${found ?? 'unknown'}, ${spec.version} is pinned; looking further`);
  return undefined;
}
