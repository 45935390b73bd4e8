import { startProcess, tailOf, type ServerProcess } from '@fairlead/testkit/process';
import { programEnvironment, type Program } from './programs.ts';

/** A program of the hub that has said that it is ready. */
export interface LaunchedProgram<Ready> {
  readonly process: ServerProcess;
  /** The one line that it said on standard output. */
  readonly ready: Ready;
}

const readyTimeoutMs = 60_000;

/**
 * Starts Node with these arguments and waits for the program's ready line. `clockAheadMs` moves its clock. Rejects, with
 * the end of its log, where it ends before that or takes longer than a minute.
 */
export async function launchProgram<Ready>(
  name: Program,
  options: { readonly args: readonly string[]; readonly logFile: string; readonly clockAheadMs?: number },
): Promise<LaunchedProgram<Ready>> {
  const { args, logFile, clockAheadMs = 0 } = options;
  const said = Promise.withResolvers<Ready>();
  const process = await startProcess({
    name,
    file: globalThis.process.execPath,
    arguments: args,
    logFile,
    env: programEnvironment(clockAheadMs === 0 ? {} : { NODE_OPTIONS: movedClock(clockAheadMs) }),
    onLine(line) {
      if (isReady(line)) said.resolve(JSON.parse(line) as Ready);
    },
  });
  const failed = async (how: string): Promise<never> => {
    throw new Error(`Cannot start the ${name}: it ${how}. The end of ${logFile}:\n${await tailOf(logFile)}`);
  };
  const late = AbortSignal.timeout(readyTimeoutMs);
  const timedOut = new Promise<string>((resolve) => {
    late.addEventListener('abort', () => resolve(`was not ready in ${readyTimeoutMs} ms`), { once: true });
  });
  const ready = await Promise.race([said.promise, Promise.race([process.ended, timedOut]).then(failed)]);
  return { process, ready };
}

/** Flags by name as a command line has them. */
export function flagsOf(flags: Readonly<Record<string, string>>): string[] {
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
}

function isReady(line: string): boolean {
  try {
    return (JSON.parse(line) as { ready?: unknown }).ready === true;
  } catch {
    return false;
  }
}

/** What Node loads first: a clock that is ahead by so much. */
function movedClock(aheadMs: number): string {
  const script = `const now = Date.now; Date.now = () => now() + ${aheadMs};`;
  return `--import=data:text/javascript,${encodeURIComponent(script)}`;
}
