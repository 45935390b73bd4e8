import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../../examples');

/** The address that stands in the examples for the reader's own git server. */
export const exampleServer = 'http://127.0.0.1:8080';

/** The files under a folder, by their path in it. Text only. */
export async function readTree(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(files.map((path) => readFile(path, 'utf8')));
  return Object.fromEntries(files.map((path, n) => [path.slice(folder.length + 1), texts[n] ?? '']));
}

/** The files of an example, with the git server's real address in them. */
export async function readExample(name: 'fleet' | 'shop', gitUrl: string): Promise<Record<string, string>> {
  const files = await readTree(join(root, name));
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [path, content.replaceAll(exampleServer, gitUrl)]),
  );
}
