import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServerProcess, startProcess, tailOf } from '@fairlead/testkit/process';
import { until } from '@fairlead/testkit/kube';
import type { UnixUser } from './user.ts';

/** What the process of a server is started from. */
export interface PostgresPlan {
  /** The folder of the programs. */
  readonly programs: string;
  readonly folder: string;
  readonly dataFolder: string;
  readonly user: UnixUser;
  /** Settings, such as `fsync`. */
  readonly settings: Readonly<Record<string, string>>;
  /** Fulfilled when the server answers. */
  readonly answers: () => Promise<boolean>;
}

/** How large a file may grow. */
export interface FileLimit {
  /** The server takes a file that would outgrow it for a full disk. */
  readonly fileLimitBytes?: number;
}

/** The processes of one server, which come and go. */
export interface PostgresProcess {
  readonly logFile: string;
  pid(): number | undefined;
  start(limits?: FileLimit): Promise<void>;
  /** SIGINT (a fast shutdown) and up to this long; without it SIGKILL of everything at once, like a power cut. */
  stop(options: { readonly graceMs?: number }): Promise<void>;
  /** To the server and all that it started. */
  signal(signal: NodeJS.Signals): Promise<void>;
}

const readyTimeoutMs = 60_000;
const pollMs = 20;

/** How often a start is tried while memory of a killed server is still in use. */
const startTries = 50;

/** Makes the (still absent) process of a plan. */
export function runPostgres(plan: PostgresPlan): PostgresProcess {
  const logFile = join(plan.folder, 'postgres.log');
  let server: ServerProcess | undefined;
  const running = (): ServerProcess | undefined => (server?.isRunning() ? server : undefined);

  const startOnce = async (limits: FileLimit): Promise<'ready' | 'busy'> => {
    const settings = Object.entries(plan.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const started = await startProcess({
      name: 'postgres',
      ...limited([join(plan.programs, 'postgres'), '-D', plan.dataFolder, ...settings], limits),
      logFile,
      cwd: plan.folder,
      ...plan.user,
    });
    server = started;
    await until(async () => !started.isRunning() || (await plan.answers()), {
      what: `PostgreSQL to be ready (its log: ${logFile})`,
      timeoutMs: readyTimeoutMs,
      pollMs,
    });
    if (started.isRunning()) return 'ready';
    const tail = await tailOf(logFile);
    if (/still in use|lock file "postmaster.pid" already exists/.test(tail)) return 'busy';
    throw new Error(`Cannot start PostgreSQL: it ${await started.ended}. The end of ${logFile}:\n${tail}`);
  };

  const signal = async (name: NodeJS.Signals): Promise<void> => {
    const now = running();
    if (!now) throw new Error(`Cannot send ${name} to PostgreSQL: it is down. Start it first.`);
    // Its children are in groups of their own.
    for (const pid of [now.pid, ...(await childrenOf(now.pid))]) send(pid, name);
  };

  return {
    logFile,
    pid: () => running()?.pid,
    signal,
    async start(limits = {}) {
      if (running()) throw new Error('Cannot start PostgreSQL: it runs already.');
      for (let n = 0; n < startTries; n += 1) if ((await startOnce(limits)) === 'ready') return;
      throw new Error(`Cannot start PostgreSQL: its data folder is in use after ${startTries} tries; see ${logFile}.`);
    },
    async stop({ graceMs = 0 }) {
      const last = running();
      server = undefined;
      if (!last) return;
      const children = await childrenOf(last.pid);
      if (graceMs > 0) {
        send(last.pid, 'SIGINT');
        await until(async () => !last.isRunning(), { what: 'PostgreSQL to end', timeoutMs: graceMs, pollMs });
      } else {
        await last.stop();
        for (const pid of children) send(pid, 'SIGKILL');
      }
    },
  };
}

/** A block of `ulimit -f` in a POSIX shell. */
const blockBytes = 512;

function limited(command: readonly string[], { fileLimitBytes }: FileLimit) {
  const [file = '', ...rest] = command;
  if (fileLimitBytes === undefined) return { file, arguments: rest };
  const blocks = String(Math.floor(fileLimitBytes / blockBytes));
  return { file: '/bin/sh', arguments: ['-c', 'ulimit -f "$1"; shift; exec "$@"', 'sh', blocks, ...command] };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ended by itself
  }
}
