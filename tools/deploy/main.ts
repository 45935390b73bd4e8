import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generate } from './manifests/generate.ts';

const root = join(import.meta.dirname, '../..');
const check = process.argv.includes('--check');

/** Writes the manifests that follow from the code; with `--check`, fails where a file says something else. */
async function main(): Promise<void> {
  const files = generate();
  let stale = 0;
  for (const [path, text] of files) {
    const file = join(root, path);
    const found = await readFile(file, 'utf8').catch(() => undefined);
    if (found === text) continue;
    stale += 1;
    if (check) console.log(`${path}: is not what the code says; run npm run manifests`);
    else {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  }
  console.log(`manifests: ${files.size} generated files, ${stale} ${check ? 'stale' : 'written'}`);
  if (check && stale > 0) process.exitCode = 1;
}

await main();
