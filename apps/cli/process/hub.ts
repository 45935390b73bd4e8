import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { FairleadError } from '@fairlead/core/model';
import { z } from 'zod';
import { lastWords, logLine, type LogLine } from './lastWords.ts';

const readyLine = z.object({
  ready: z.literal(true),
  /** `https://HOST:PORT`. */
  api: z.string(),
  /** `HOST:PORT`. */
  grpc: z.string(),
  dataDir: z.string(),
});
/** The one line that a hub writes on standard output, when it answers. */
export type Ready = z.infer<typeof readyLine>;

/** How to start a hub. */
export interface StartOptions {
  /** Path of the hub's bundle. */
  readonly main: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes every line of its log. */
  log(line: LogLine): void;
  readonly readyWithinMs?: number;
  /** From the request to end until it is killed. */
  readonly graceMs?: number;
}

/** A hub that runs as a child of this process. */
export interface HubProcess {
  /** Rejects with why it did not come up, when it ends before it is ready. */
  readonly ready: Promise<Ready>;
  /** Resolves when it has ended: undefined after {@link HubProcess.stop}, else why. */
  readonly ended: Promise<FairleadError | undefined>;
  /** Asks it to end, and kills it if it does not within the grace. */
  stop(): Promise<void>;
}

/**
 * Starts a hub and hears its ready line. It is given an IPC channel and nothing on it: when this process dies, the
 * channel closes, and the hub ends itself.
 */
export function startHub(options: StartOptions): HubProcess {
  const { main, args, log, readyWithinMs = 120_000, graceMs = 15_000 } = options;
  const words = lastWords();
  const child = spawn(process.execPath, [main, ...args], {
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stopping = false;
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const [out, err] = [child.stdout, child.stderr];
  if (out === null || err === null) throw new Error('the hub was started without pipes');
  createInterface({ input: err }).on('line', (text) => {
    const line = logLine(text);
    words.hear(line);
    log(line);
  });
  const ended = closed.then(
    ([code, signal]) => (stopping ? undefined : died(`it ended with ${signal ?? code}`, words.tell())),
    (thrown: Error) => died(thrown.message, ''),
  );
  const heard = new Promise<Ready>((resolve) => {
    createInterface({ input: out }).on('line', (text) => {
      const ready = readReady(text);
      if (ready) resolve(ready);
    });
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(kill);
  };
  return { ready: firstOf({ heard, ended, stop, readyWithinMs, words: () => words.tell() }), ended, stop };
}

function readReady(text: string): Ready | undefined {
  try {
    return readyLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function firstOf(race: {
  readonly heard: Promise<Ready>;
  readonly ended: Promise<FairleadError | undefined>;
  stop(): Promise<void>;
  readonly readyWithinMs: number;
  words(): string;
}): Promise<Ready> {
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), race.readyWithinMs);
  try {
    const first = await Promise.race([race.heard, race.ended, late.promise]);
    if (first === 'late') {
      const error = died(`it was not ready within ${race.readyWithinMs / 1000} s`, race.words());
      await race.stop();
      throw error;
    }
    if (first === undefined)
      throw new FairleadError('Cannot wait for the hub: it was stopped.', { code: 'Aborted', reason: 'Shutdown' });
    if (first instanceof FairleadError) throw first;
    return first;
  } finally {
    clearTimeout(timer);
  }
}

function died(how: string, words: string): FairleadError {
  return new FairleadError(
    `Cannot keep the hub running: ${how}${words === '' ? '' : `: ${words.replace(/\.$/, '')}`}. Start it again with --verbose to see its whole log.`,
    { code: 'Aborted', reason: 'InternalError' },
  );
}
