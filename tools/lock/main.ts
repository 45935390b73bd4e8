import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { complete, type Lockfile } from './complete.ts';

const file = join(import.meta.dirname, '../../package-lock.json');
const { lock, added } = complete(JSON.parse(await readFile(file, 'utf8')) as Lockfile);

if (process.argv.includes('--check')) {
  for (const one of added) console.log(`package-lock.json: leaves out ${one}; run npm run lock`);
  process.exitCode = added.length > 0 ? 1 : 0;
} else {
  await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(
  `lock: ${added.length} packages of other platforms ${process.argv.includes('--check') ? 'missing' : 'named'}`,
);
