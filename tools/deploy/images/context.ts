import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The repository. */
export const root = join(import.meta.dirname, '../../..');

/** Where the images are described. */
export const imagesFolder = join(root, 'deploy/images');

/** True if a build sees the file: the last pattern that matches it, or a folder above it, decides. */
export function isSent(path: string, patterns: readonly string[]): boolean {
  const above = path.split('/').map((_, depth, parts) => parts.slice(0, depth + 1).join('/'));
  const last = patterns.findLast((pattern) => above.some((one) => matcher(pattern.replace(/^!/, '')).test(one)));
  return last === undefined || last.startsWith('!');
}

/** As the builder reads a pattern; unlike a shell's, its star also takes names that begin with a dot. */
function matcher(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+?^$()|{}]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'))}$`);
}

/** Every file of the repository that a build sees. */
export async function contextFiles(): Promise<string[]> {
  const lines = (await readFile(join(imagesFolder, 'Dockerfile.dockerignore'), 'utf8')).split('\n');
  const patterns = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)) && isSent(path, patterns));
}

/** Copies what a build sees into a folder, with the packages that `npm ci` would put beside it. */
export async function copyContext(folder: string): Promise<void> {
  for (const path of await contextFiles()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(root, path), join(folder, path));
  }
  const [from, to] = [join(root, 'node_modules'), join(folder, 'node_modules')];
  await mkdir(join(to, '@fairlead'), { recursive: true });
  for (const name of await readdir(from)) if (name !== '@fairlead') await symlink(join(from, name), join(to, name));
  // Ours are links to where they stand, and stand in the folder too.
  for (const name of await readdir(join(from, '@fairlead')))
    await symlink(await readlink(join(from, '@fairlead', name)), join(to, '@fairlead', name));
}
