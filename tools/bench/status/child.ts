import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Answer, ToIntake } from './protocol.ts';

/** The gateway in a process of its own. */
export interface Intake {
  readonly pid: number;
  /** Rejects where the process has ended. */
  ask(message: ToIntake): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts it; it ends with this process at the latest. */
export function startIntake(): Intake {
  const child = fork(join(import.meta.dirname, 'intake.ts'), {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid ?? 0,
    async ask(message) {
      const answered = new Promise<Answer>((resolve) => child.once('message', (said) => resolve(said as Answer)));
      child.send(message);
      const said = await Promise.race([answered, ended]);
      if (!said) throw new Error('Cannot go on: the process that takes statuses in has ended');
      return said;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
