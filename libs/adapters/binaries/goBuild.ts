import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import type { BinarySpec } from './catalogue.ts';
import type { Log } from './log.ts';

/** Compiles one program into `destination`; throws with the end of the compiler's words when it cannot. */
export type Build = (spec: BinarySpec, destination: string) => Promise<void>;

const toolchain = 'go';
const progressEveryMs = 10_000;
const keptLines = 15;

/** Where to build, and who hears of it. */
export interface BuildOptions {
  readonly log: Log;
  /** Folder that holds a Go module for each {@link BinarySpec.module}. */
  readonly modules: string;
}

/** Thrown when there is no `go` to run. */
export class NoGo extends Error {
  override readonly name = 'NoGo';
}

function buildArguments(spec: BinarySpec, output: string): string[] {
  const linker = ['-s', '-w', ...spec.linkerValues.flatMap((value) => ['-X', value])].join(' ');
  return [
    'build',
    '-v',
    '-mod=readonly',
    '-buildvcs=false',
    '-trimpath',
    '-ldflags',
    linker,
    '-o',
    output,
    spec.goPackage,
  ];
}

function run(spec: BinarySpec, output: string, { log, modules }: BuildOptions): Promise<void> {
  const started = Date.now();
  const child = spawn(toolchain, buildArguments(spec, output), {
    cwd: join(modules, spec.module),
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let compiled = 0;
  const last: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (/^[\w./-]+$/.test(line)) compiled++; // -v prints a package's path and nothing else
    last.push(line);
    if (last.length > keptLines) last.shift();
  });
  const progress = setInterval(() => {
    log(`${spec.name}: ${compiled} packages compiled in ${Math.round((Date.now() - started) / 1000)} s`);
  }, progressEveryMs);
  return new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new NoGo('go is not installed') : error),
    );
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`go build of ${spec.goPackage} ended with ${code}:\n${last.join('\n')}`));
    });
  }).finally(() => clearInterval(progress));
}

/** Makes a builder that compiles with the Go toolchain on the PATH, from sources that go.sum verifies. */
export function createGoBuild(options: BuildOptions): Build {
  return async function build(spec, destination) {
    await mkdir(dirname(destination), { recursive: true });
    const folder = await mkdtemp(join(dirname(destination), 'build-'));
    const output = join(folder, spec.name);
    const started = Date.now();
    try {
      options.log(`${spec.name}: building ${spec.version} with go`);
      await run(spec, output, options);
      await rename(output, destination);
      options.log(`${spec.name}: built in ${Math.round((Date.now() - started) / 1000)} s`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}
