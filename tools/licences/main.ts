import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allowed, judge, type Installed } from './judge.ts';

const root = join(import.meta.dirname, '../..');
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { dev?: boolean; link?: boolean }>;
};

/** Reads the licence that each installed package states. */
function installed(): Installed[] {
  return Object.entries(lock.packages)
    .filter(
      ([path, entry]) =>
        path.startsWith('node_modules/') && !entry.link && existsSync(join(root, path, 'package.json')),
    )
    .map(([path, entry]) => {
      const manifest = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Partial<Installed> & {
        licenses?: { type: string }[];
      };
      return {
        name: manifest.name ?? path,
        version: manifest.version ?? '',
        license: manifest.license ?? manifest.licenses?.map((one) => one.type).join(' OR ') ?? '',
        dev: entry.dev ?? false,
      };
    });
}

const problems = judge(installed());
for (const problem of problems)
  console.log(
    `${problem.name}@${problem.version}: licence "${problem.license}" is not on the list in tools/licences/judge.ts`,
  );
if (
  execFileSync('git', ['ls-files', 'package-lock.json'], { cwd: root, encoding: 'utf8' }) &&
  /"resolved": "https?:/.test(readFileSync(join(root, 'package-lock.json'), 'utf8'))
) {
  console.log('package-lock.json: holds download addresses; run npm install with omit-lockfile-registry-resolved=true');
  process.exitCode = 1;
}
console.log(
  `licences: ${installed().length} packages, ${problems.length} findings (allowed: ${[...allowed].join(', ')})`,
);
if (problems.length > 0) process.exitCode = 1;
