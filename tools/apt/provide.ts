import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A program that tests need and npm does not bring. */
export interface Provided {
  /** Its name for people, such as `PostgreSQL 15 or newer`. */
  readonly what: string;
  /** The package of Debian that brings it. */
  readonly debianPackage: string;
  /** Looks for it; a line about what was found. */
  find(): Promise<string | undefined>;
  /** Where it was looked for, and how people install it; whole lines. */
  readonly help: string;
}

/**
 * Finds a program, and installs Debian's where there is none: with apt-get, as root, only. Says what it does, and what to do
 * where it can do nothing. Resolves to the exit code.
 */
export async function provide(program: Provided): Promise<number> {
  if (await told(program)) return 0;
  const { what, debianPackage, help } = program;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    process.stderr.write(`No ${what} was found ${help}`);
    return 1;
  }
  process.stdout.write(`No ${what} was found: installing the package ${debianPackage} with apt-get.\n`);
  for (const flags of [['update'], ['install', '--yes', '--no-install-recommends', debianPackage]]) {
    const { status } = spawnSync('apt-get', flags, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) {
      process.stderr.write(`apt-get ${flags[0]} failed; see above.\n`);
      return 1;
    }
  }
  if (await told(program)) return 0;
  process.stderr.write(`The package that was installed holds no ${what}.\n`);
  return 1;
}

async function told({ find }: Provided): Promise<boolean> {
  const found = await find();
  if (found !== undefined) process.stdout.write(`${found}\n`);
  return found !== undefined;
}
