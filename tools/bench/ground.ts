import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { ensureBinary } from '@fairlead/adapters/binaries';
import { requirePostgres } from '@fairlead/testkit/postgres';

/** What it was measured on. */
export interface Ground {
  readonly commit: string;
  readonly node: string;
  readonly postgres: string;
  readonly nats: string;
  readonly kubernetes: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
}

/** Reads it from this machine. Throws where a server that the benches start is missing. */
export async function groundHere(): Promise<Ground> {
  const root = join(import.meta.dirname, '../..');
  const said = (file: string, ...args: string[]): string =>
    execFileSync(file, args, { cwd: root, encoding: 'utf8' }).trim();
  const isChanged = said('git', 'status', '--porcelain', '--untracked-files=no') !== '';
  const { folder } = await requirePostgres();
  return {
    commit: `${said('git', 'rev-parse', '--short=12', 'HEAD')}${isChanged ? '+changes' : ''}`,
    node: process.version,
    postgres: versionIn(said(join(folder, 'postgres'), '--version')),
    nats: versionIn(said(await ensureBinary('nats-server'), '--version')),
    kubernetes: versionIn(said(await ensureBinary('kube-apiserver'), '--version')),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${said('uname', '-r')}`,
  };
}

function versionIn(text: string): string {
  return /\d[.\w]*/.exec(text)?.[0] ?? 'unknown';
}
