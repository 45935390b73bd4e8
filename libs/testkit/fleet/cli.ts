import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { startProcess, tailOf, type ServerProcess } from '@fairlead/testkit/process';
import { programEnvironment, programPath } from './programs.ts';

/** What a command printed, and how it ended. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The bundled command line of Fairlead, as a user has it, with a profile of its own. */
export interface Cli {
  /** Runs a command to its end, whatever that is. */
  run(...words: readonly string[]): Promise<CliResult>;
  /** The same, resolves to what it printed and throws its own words when it fails. */
  must(...words: readonly string[]): Promise<string>;
  /** `fairlead up` on free ports: resolves once the hub answers. */
  up(options: { fleetUrl: string; dataDir: string }): Promise<ServerProcess>;
  /** Folder to export as XDG_CONFIG_HOME. */
  readonly configHome: string;
}

const runTimeoutMs = 120_000;
const upTimeoutMs = 60_000;
const anyPorts = ['--listen', '127.0.0.1:0', '--grpc-listen', '127.0.0.1:0'];

async function launchUp(
  words: readonly string[],
  options: { env: NodeJS.ProcessEnv; logFile: string },
): Promise<ServerProcess> {
  const ready = Promise.withResolvers<void>();
  const up = await startProcess({
    name: 'fairlead up',
    file: process.execPath,
    arguments: words,
    ...options,
    onLine: (line) => void (line.includes('https://') && ready.resolve()),
  });
  const late = setTimeout(() => ready.reject(new Error(`was not ready in ${upTimeoutMs} ms`)), upTimeoutMs);
  const died = up.ended.then((how) => Promise.reject(new Error(how)));
  died.catch(() => undefined); // after it was ready its end is nobody's failure
  try {
    await Promise.race([ready.promise, died]);
    return up;
  } catch (cause) {
    await up.stop();
    const tail = await tailOf(options.logFile);
    const why = (cause as Error).message;
    throw new Error(`Cannot run fairlead up: it ${why}. The end of ${options.logFile}:\n${tail}`, { cause });
  } finally {
    clearTimeout(late);
  }
}

/** Makes it; profile and log go to the folder. `env` may name a hub by FAIRLEAD_SERVER, FAIRLEAD_TOKEN and FAIRLEAD_CA. */
export function createCli(folder: string, given: Readonly<Record<string, string>> = {}): Cli {
  const configHome = join(folder, 'config');
  const env = programEnvironment({ XDG_CONFIG_HOME: configHome, NO_COLOR: '1', ...given });
  const program = programPath('cli');
  const run: Cli['run'] = (...words) =>
    new Promise((resolve) => {
      const settings = { env, timeout: runTimeoutMs, maxBuffer: 64 * 1024 * 1024 };
      execFile(process.execPath, [program, ...words], settings, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
    });
  return {
    configHome,
    run,
    async must(...words) {
      const { code, stdout, stderr } = await run(...words);
      if (code === 0) return stdout;
      throw new Error(`fairlead ${words.join(' ')} ended with ${code}: ${stderr || stdout}`);
    },
    up: ({ fleetUrl, dataDir }) =>
      launchUp([program, 'up', '--verbose', '--fleet', fleetUrl, '--data', dataDir, ...anyPorts], {
        env,
        logFile: join(folder, 'hub.log'),
      }),
  };
}
