import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programEnvironment, programPath } from '@fairlead/testkit/fleet';
import { startProcess, tailOf, type ServerProcess } from '@fairlead/testkit/process';

/** The command line of Fairlead, as a user has it, with a profile of its own. */
export interface Cli {
  /** Runs a command to its end and resolves to what it printed; throws its own words when it fails. */
  run(...words: readonly string[]): Promise<string>;
  /** `fairlead up`: resolves once the hub answers. */
  up(options: { fleetUrl: string; dataDir: string }): Promise<ServerProcess>;
  /** Folder to export as XDG_CONFIG_HOME. */
  readonly configHome: string;
}

const upTimeoutMs = 60_000;
const anyPorts = ['--listen', '127.0.0.1:0', '--grpc-listen', '127.0.0.1:0'];

/** Makes it; profile and logs go to the folder. */
export function createCli(folder: string): Cli {
  const configHome = join(folder, 'config');
  const env = programEnvironment({ XDG_CONFIG_HOME: configHome, NO_COLOR: '1' });
  const program = programPath('cli');
  return {
    configHome,
    async run(...words) {
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...words], { env });
      return stdout;
    },
    async up({ fleetUrl, dataDir }) {
      const logFile = join(folder, 'hub.log');
      const ready = Promise.withResolvers<void>();
      const up = await startProcess({
        name: 'fairlead up',
        file: process.execPath,
        arguments: [program, 'up', '--verbose', '--fleet', fleetUrl, '--data', dataDir, ...anyPorts],
        logFile,
        env,
        onLine: (line) => void (/https:\/\//.test(line) && ready.resolve()),
      });
      const late = setTimeout(() => ready.reject(new Error(`was not ready in ${upTimeoutMs} ms`)), upTimeoutMs);
      const died = up.ended.then((how) => Promise.reject(new Error(how)));
      try {
        await Promise.race([ready.promise, died]);
      } catch (error) {
        const why = (error as Error).message;
        throw new Error(`Cannot run fairlead up: it ${why}. The end of ${logFile}:\n${await tailOf(logFile)}`, {
          cause: error,
        });
      } finally {
        clearTimeout(late);
        died.catch(() => undefined); // it ends with the demo
      }
      return up;
    },
  };
}
