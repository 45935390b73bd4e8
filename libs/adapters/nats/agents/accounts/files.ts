import { chmod, mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The text of a file that only its owner may read, made (0600, its folder 0700) where there is none. */
export async function readOrMake(
  folder: string,
  { name, make }: { readonly name: string; readonly make: () => string | Promise<string> },
): Promise<string> {
  const found = await readPrivate(folder, name);
  if (found !== undefined) return found;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const text = await make();
  // Never over a file that came meanwhile: two halves of two keys would fit nobody.
  const handle = await open(join(folder, name), 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return text;
}

/** The text of a file; undefined where there is none. */
export async function readPrivate(folder: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
