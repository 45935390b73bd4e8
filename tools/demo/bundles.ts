import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const bundles = ['hub', 'agent', 'cli'].map((name) => join(root, 'dist', name, 'main.mjs'));

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
  const times = bundles.map((path) =>
    stat(path).then(
      (file) => file.mtimeMs,
      () => 0,
    ),
  );
  return Math.min(...(await Promise.all(times)));
}

/** Builds hub, agent and CLI where they are missing or older than their sources; true if it did. */
export async function ensureBundles(): Promise<boolean> {
  if ((await builtAt()) > (await newestSource())) return false;
  await promisify(execFile)(process.execPath, [join(root, 'tools/build/main.ts')], { cwd: root });
  return true;
}
