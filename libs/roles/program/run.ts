import { readSettings, usageOf, type Program, type Settings } from '@fairlead/roles/settings';

/** A program that runs. */
export interface Running {
  /** What its ready line says beside `ready` and `role`. */
  readonly ready: Readonly<Record<string, string>>;
  /** Finishes what was begun, and frees what it holds. */
  close(): Promise<void>;
}

/**
 * What every program of the hub does around its work: reads the flags, says one JSON line on standard output when it is
 * ready, logs to standard error, and ends well on SIGTERM, SIGINT and SIGHUP.
 */
export function runProgram(program: Program, start: (settings: Settings) => Promise<Running | undefined>): void {
  // A rejection that nobody caught is a mistake of ours. Every step looks again by itself, so it goes on and tells of it.
  process.on('unhandledRejection', (thrown) => {
    const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const line = {
      level: 'error',
      time: Date.now(),
      role: program,
      msg: 'a rejection was not handled',
      err: { message },
    };
    console.error(JSON.stringify(line));
  });
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(usageOf(program));
    return;
  }
  run(program, { args, start }).catch((thrown: unknown) => {
    console.error(`error: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    process.exit(1);
  });
}

async function run(
  program: Program,
  { args, start }: { args: readonly string[]; start: (settings: Settings) => Promise<Running | undefined> },
): Promise<void> {
  const running = await start(readSettings(program, args));
  if (running === undefined) return;
  console.log(JSON.stringify({ ready: true, role: program, ...running.ready }));
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    process.exitCode ??= 0;
    running.close().catch((thrown: unknown) => {
      console.error(thrown);
      // What was not closed would keep the process alive.
      process.exit(1);
    });
  };
  // Ctrl-C in a terminal reaches this process and `fairlead up`, which then asks for the same: later ones change nothing.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  // The channel of `fairlead up` closes when that process dies, however it dies; nobody would end this one then.
  process.channel?.unref();
  process.once('disconnect', stop);
}
