import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { compare, measure, type Ratchet } from './ratchet.ts';
import { boundaries, type Workspace } from './rules/boundaries.ts';
import { cycles } from './rules/cycles.ts';
import { purity } from './rules/purity.ts';
import { sizes } from './rules/sizes.ts';
import { isTest, readSource, type Finding } from './source.ts';

const root = join(import.meta.dirname, '../..');

function main(): void {
  const paths = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => /^(libs|apps|tools)\//.test(path) && !path.includes('/gen/') && existsSync(join(root, path)));
  const findings: Finding[] = [];
  const graph = new Map<string, readonly string[]>();
  const fileLines: number[] = [];
  const functionLines: number[] = [];
  for (const path of paths) {
    const file = readSource(root, path);
    const size = sizes(file);
    findings.push(...boundaries(file, workspace), ...purity(file), ...size.findings);
    const atRunTime = file.imports.filter((one) => !one.typeOnly).map((one) => workspace.resolve(path, one.specifier));
    graph.set(
      path,
      atRunTime.filter((target) => target !== undefined),
    );
    if (isTest(path)) continue;
    fileLines.push(size.fileLines);
    functionLines.push(...size.functionLines);
  }
  const now = measure(fileLines, functionLines);
  findings.push(
    ...cycles(graph),
    ...compare(now, JSON.parse(readFileSync(join(root, 'tools/lint/ratchet.json'), 'utf8')) as Ratchet),
  );
  for (const one of findings) console.log(`${one.path}:${one.line} ${one.rule}: ${one.message}`);
  console.log(
    `structure: ${paths.length} files, median ${now.medianFileLines} lines, functions p95 ${now.p95FunctionLines} lines, ${findings.length} findings`,
  );
  process.exitCode = findings.length > 0 ? 1 : 0;
}

const packages = new Map<string, string>();
for (const path of execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*package.json'], {
  cwd: root,
  encoding: 'utf8',
}).split('\n')) {
  if (path.includes('/') && existsSync(join(root, path)))
    packages.set((JSON.parse(readFileSync(join(root, path), 'utf8')) as { name: string }).name, dirname(path));
}

const workspace: Workspace = {
  isDoor: (folder) => existsSync(join(root, folder, 'index.ts')),
  resolve(from, specifier) {
    if (specifier.startsWith('.')) {
      const target = normalize(join(dirname(from), specifier));
      return existsSync(join(root, target)) ? target : undefined;
    }
    const [scope, name, ...rest] = specifier.split('/');
    const folder = packages.get(`${scope}/${name}`);
    if (folder === undefined) return undefined;
    const target = [folder, ...rest, 'index.ts'].join('/');
    return existsSync(join(root, target)) ? target : undefined;
  },
};

main();
