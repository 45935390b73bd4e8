import { fork } from 'node:child_process';

/** A program of a bench in a process of its own, which answers one question at a time. */
export interface Child<Ask, Answer> {
  readonly pid: number;
  /** Rejects where the process has ended. */
  ask(message: Ask): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts a file; it ends with this process at the latest. */
export function startChild<Ask extends object, Answer>(
  file: string,
  options: { readonly nodeArguments?: readonly string[] } = {},
): Child<Ask, Answer> {
  const child = fork(file, {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning', ...(options.nodeArguments ?? [])],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid ?? 0,
    async ask(message) {
      const answered = new Promise<{ said: Answer }>((resolve) =>
        child.once('message', (said) => resolve({ said: said as Answer })),
      );
      child.send(message);
      const answer = await Promise.race([answered, ended]);
      if (!answer) throw new Error(`Cannot go on: the process of ${file} has ended`);
      return answer.said;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** The other end of {@link startChild}: answers each question, and ends with the one who asks. */
export function serveParent(answer: (message: never) => Promise<object>): void {
  process.on('message', (message) => {
    answer(message as never).then(
      (said) => process.send?.(said),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        process.exit(1);
      },
    );
  });
  // A signal that is meant for the parent ends it, and with it this process.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(0));
}
