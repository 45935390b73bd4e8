import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleFolder } from '@fairlead/testkit/fleet';

const root = join(import.meta.dirname, '../..');

async function newestSource(): Promise<number> {
  const times = await Promise.all(
    ['apps', 'libs'].map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true });
      const sources = entries.filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'));
      return Promise.all(sources.map(async (path) => (await stat(join(root, folder, path))).mtimeMs));
    }),
  );
  return Math.max(...times.flat());
}

async function builtAt(): Promise<number> {
  const times = ['hub', 'agent', 'cli'].map((name) =>
    stat(join(bundleFolder(), name, 'main.mjs')).then(
      (file) => file.mtimeMs,
      () => 0,
    ),
  );
  return Math.min(...(await Promise.all(times)));
}

/** Builds hub, agent and CLI where they are missing or older than their sources; true if it did. Bundles from elsewhere stay. */
export async function ensureBundles(): Promise<boolean> {
  if (process.env['FAIRLEAD_BUNDLES'] || (await builtAt()) > (await newestSource())) return false;
  await promisify(execFile)(process.execPath, [join(root, 'tools/build/main.ts')], { cwd: root });
  return true;
}
