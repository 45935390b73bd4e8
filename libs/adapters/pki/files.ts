import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder that only its owner may enter (0700); made if it is not there. */
export async function privateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
}

/** The text of a file; undefined if there is none. Takes other people's rights to it away. */
export async function readPrivate(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    const text = await readFile(path, 'utf8');
    await chmod(path, 0o600);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file (0600) whole or not at all, and durably: half a key would be worse than none. */
export async function writePrivate(
  folder: string,
  file: { readonly name: string; readonly text: string },
): Promise<void> {
  const path = join(folder, file.name);
  const handle = await open(`${path}.new`, 'w', 0o600);
  try {
    await handle.writeFile(file.text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
  const parent = await open(folder, 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
