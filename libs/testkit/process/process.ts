import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { groupHasEnded, reapGroupAtEnd } from './reaper.ts';

/** What to start and where its output goes. */
export interface Command {
  readonly name: string;
  readonly file: string;
  readonly arguments: readonly string[];
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  /** The whole environment of the process; that of this one by default. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Whom it runs as; only root may say so. */
  readonly uid?: number;
  readonly gid?: number;
  /** Takes standard output line by line, instead of the log file. */
  readonly onLine?: (line: string) => void;
}

/** A server that runs beside the test. */
export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** False once it has ended. */
  isRunning(): boolean;
  /** Fulfilled, with the exit code or signal, when it ends; never rejected. */
  readonly ended: Promise<string>;
  /** Ends its whole process group and waits for that; `graceMs` gives it time to end by itself (0: none). */
  stop(options?: { graceMs?: number }): Promise<void>;
}

const killTimeoutMs = 10_000;

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ended by itself
  }
}

async function stopChild(
  child: ChildProcess & { pid: number },
  ended: Promise<string>,
  graceMs: number,
): Promise<void> {
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  child.ref(); // whoever waits for its end must not end before it
  if (isRunning() && graceMs > 0) {
    signalGroup(child.pid, 'SIGTERM');
    await Promise.race([ended, delay(graceMs, undefined, { ref: false })]);
  }
  signalGroup(child.pid, 'SIGKILL');
  const how = await Promise.race([ended, delay(killTimeoutMs, 'still running', { ref: false })]);
  if (isRunning()) throw new Error(`Cannot end process ${child.pid}: it is ${how} ${killTimeoutMs} ms after SIGKILL`);
}

/** Starts a server in a process group of its own, which ends with this process at the latest. Throws if the file cannot be run. */
export async function startProcess(command: Command): Promise<ServerProcess> {
  const log = openSync(command.logFile, 'a');
  const spawned = spawn(command.file, [...command.arguments], {
    detached: true,
    stdio: ['ignore', command.onLine ? 'pipe' : log, log],
    ...(command.env ? { env: command.env } : {}),
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    ...(command.uid === undefined ? {} : { uid: command.uid }),
    ...(command.gid === undefined ? {} : { gid: command.gid }),
  });
  closeSync(log);
  await once(spawned, 'spawn');
  if (spawned.stdout && command.onLine) {
    createInterface({ input: spawned.stdout }).on('line', command.onLine);
    (spawned.stdout as unknown as { unref(): void }).unref();
  }
  const child = spawned as ChildProcess & { pid: number };
  reapGroupAtEnd(child.pid);
  const ended = once(child, 'exit').then(([code, signal]) => {
    groupHasEnded(child.pid);
    return signal ? `ended by ${String(signal)}` : `ended with code ${String(code)}`;
  });
  child.unref(); // a test run that forgets to stop it must still end
  return {
    name: command.name,
    pid: child.pid,
    logFile: command.logFile,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    ended,
    stop: ({ graceMs = 0 } = {}) => stopChild(child, ended, graceMs),
  };
}

/** The last lines of a log file, for an error message. */
export async function tailOf(logFile: string, lines = 12): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch((error: Error) => error.message);
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
