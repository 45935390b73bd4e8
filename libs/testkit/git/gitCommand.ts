import { spawn, type ChildProcess } from 'node:child_process';

/** What every git process of the server runs with: nothing of the machine's or the user's settings. */
export function gitEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}

/** Where and with what a git process runs. */
export interface GitCommandOptions {
  readonly cwd: string;
  readonly home: string;
  readonly input?: Buffer;
}

function lackOfGit(error: NodeJS.ErrnoException): Error {
  return error.code === 'ENOENT'
    ? new Error(
        'Cannot run git: it is not installed. Install git 2.30 or newer; tests and demo serve their repositories with it.',
      )
    : error;
}

/** Starts a git process, to be talked to through its pipes. */
export function startGit(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): ChildProcess {
  return spawn('git', [...args], { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Runs git to its end; resolves to what it printed, and throws its own words when it fails. */
export function runGit(args: readonly string[], options: GitCommandOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = startGit(args, { cwd: options.cwd, env: gitEnvironment(options.home) });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (error) => reject(lackOfGit(error)));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString('utf8'));
      else reject(new Error(`git ${args[0]} ended with ${code}: ${Buffer.concat(err).toString('utf8').trim()}`));
    });
    child.stdin?.on('error', () => undefined); // a process that ends early says why by its exit code
    child.stdin?.end(options.input);
  });
}
