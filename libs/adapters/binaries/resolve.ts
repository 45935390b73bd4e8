import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { findAsset } from './assets.ts';
import type { BinarySpec } from './catalogue.ts';
import type { Download } from './download.ts';
import { type Build, NoGo } from './goBuild.ts';
import { withLock } from './lock.ts';
import type { Log } from './log.ts';

/** Where a program may come from, in the order in which the places are asked. */
export interface Places {
  /** What `KUBEBUILDER_ASSETS` says; undefined when it is unset. */
  readonly assetsFolder: string | undefined;
  readonly cacheFolder: string;
  readonly download: Download;
  /** Undefined where no Go modules are at hand. */
  readonly build: Build | undefined;
  readonly log: Log;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

class NoModules extends Error {}

function adviceFor(cause: Error): string {
  if (cause instanceof NoModules)
    return 'and it can be built only in a checkout of Fairlead. Put it into a folder, under that name, and set KUBEBUILDER_ASSETS to the folder';
  return cause instanceof NoGo
    ? 'and there is no Go to build it. Install Go 1.26 or newer (https://go.dev/dl) and run again'
    : `and the build failed: ${cause.message}\nIt needs Go 1.26 or newer (https://go.dev/dl) and access to a Go module proxy`;
}

function cannotProvide(spec: BinarySpec, options: { places: Places; cause: Error }): Error {
  const { places, cause } = options;
  const asked = `KUBEBUILDER_ASSETS (${places.assetsFolder ?? 'unset'}), ${places.cacheFolder}, its release download`;
  return new Error(`Cannot provide ${spec.name} ${spec.version}: it is not in ${asked}, ${adviceFor(cause)}.`, {
    cause,
  });
}

async function obtain(spec: BinarySpec, path: string, places: Places): Promise<void> {
  if (await places.download(spec, path)) return;
  try {
    if (places.build === undefined) throw new NoModules();
    await places.build(spec, path);
  } catch (error) {
    throw cannotProvide(spec, { places, cause: error as Error });
  }
}

/**
 * The absolute path of a program at its pinned version: from the assets folder, else the cache, else
 * downloaded, else built into the cache. Two processes never do the same work: programs of one Go module
 * share a lock, for their builds share most of the time. Throws one error that names what to install.
 */
export async function resolveBinary(spec: BinarySpec, places: Places): Promise<string> {
  const asset = await findAsset(spec, { folder: places.assetsFolder, log: places.log });
  if (asset) return asset;
  const path = join(places.cacheFolder, `${spec.name}-${spec.version}`);
  if (await isExecutable(path)) return path;
  await mkdir(places.cacheFolder, { recursive: true });
  await withLock(
    join(places.cacheFolder, `${spec.module}.lock`),
    async () => {
      if (!(await isExecutable(path))) await obtain(spec, path, places);
    },
    { onWait: (owner) => places.log(`${spec.name}: process ${owner} is fetching or building it; waiting`) },
  );
  return path;
}
