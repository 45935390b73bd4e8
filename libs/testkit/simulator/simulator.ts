import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Behaviour } from './behaviour.ts';
import type { SimulatedIdentity } from './identities.ts';
import type { FromWorker, HubToDial, ToWorker } from './protocol.ts';
import { sumOf, type Tally } from './tally.ts';

/** Options of {@link startSimulator}. */
export interface SimulatorOptions {
  readonly hub: HubToDial;
  readonly agents: readonly SimulatedIdentity[];
  readonly behaviour: Behaviour;
  /** How many processes share the agents; 1 by default. */
  readonly processes?: number;
  /** Agents that dial for the first time at once, over all processes; 100 by default. */
  readonly atOnce?: number;
  /** For Node itself, such as `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
}

/** Agents in processes of their own. */
export interface Simulator {
  readonly pids: readonly number[];
  /** As it was told last, at most a tenth of a second ago. */
  tally(): Tally;
  /** Waits until the tally is as wanted. Rejects, naming `what` and the tally, after `timeoutMs` or when a process died. */
  until(wanted: (tally: Tally) => boolean, by: { readonly what: string; readonly timeoutMs: number }): Promise<Tally>;
  /** When each agent reached a milestone, in milliseconds since 1970, earliest first. */
  times(mark: string): Promise<readonly number[]>;
  /** Afterwards the tally names the milestone no more. */
  forget(mark: string): Promise<void>;
  /** The tally as it is now. */
  fresh(): Promise<Tally>;
  stop(): Promise<void>;
}

const identitiesPerMessage = 500;
const heapMegabytes = 8_192;

/** Starts the processes; the agents begin to dial at once. */
export function startSimulator(options: SimulatorOptions): Simulator {
  const count = options.processes ?? 1;
  const workers = Array.from({ length: count }, (_, index) => new Worker(options, index));
  const tally = (): Tally => sumOf(workers.flatMap((worker) => worker.tally ?? []));
  let lastId = 0;
  const ask = async (what: 'times' | 'forget', mark: string): Promise<number[]> => {
    const id = (lastId += 1);
    return (await Promise.all(workers.map((worker) => worker.ask({ do: what, id, mark })))).flat();
  };
  return {
    pids: workers.map(({ pid }) => pid),
    tally,
    async until(wanted, { what, timeoutMs }) {
      const deadline = AbortSignal.timeout(timeoutMs);
      const changed = Promise.withResolvers<void>();
      const look = (): void => {
        const dead = workers.find((worker) => worker.ended !== undefined);
        const failed = (why: string): void =>
          changed.reject(new Error(`Waited for ${what}: ${why}. The simulator stands at ${JSON.stringify(tally())}`));
        if (workers.every((worker) => worker.tally) && wanted(tally())) changed.resolve();
        else if (dead) failed(`a process of agents ${dead.ended}`);
        else if (deadline.aborted) failed(`nothing in ${timeoutMs} ms`);
      };
      for (const worker of workers) worker.listeners.add(look);
      deadline.addEventListener('abort', look, { once: true });
      look();
      await changed.promise.finally(() => {
        for (const worker of workers) worker.listeners.delete(look);
      });
      return tally();
    },
    times: async (mark) => (await ask('times', mark)).sort((a, b) => a - b),
    async forget(mark) {
      await ask('forget', mark);
    },
    async fresh() {
      await ask('times', '');
      return tally();
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}

/** One process. It ends when its channel to this one closes, however that comes about. */
class Worker {
  readonly listeners = new Set<() => void>();
  readonly pid: number;
  tally: Tally | undefined;
  /** How it ended, if it has. */
  ended: string | undefined;
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (times: readonly number[]) => void>();

  constructor(options: SimulatorOptions, index: number) {
    const { hub, agents, behaviour, processes = 1, atOnce = 100, nodeArguments = [] } = options;
    this.#child = fork(join(import.meta.dirname, 'worker.ts'), {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${heapMegabytes}`, '--disable-warning=ExperimentalWarning', ...nodeArguments],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.pid = this.#child.pid ?? 0;
    this.#child.on('message', (message: FromWorker) => this.#heard(message));
    this.#child.once('exit', (code, signal) => {
      this.ended = signal ? `ended by ${signal}` : `ended with code ${code}`;
      for (const listener of this.listeners) listener();
    });
    this.tell({ do: 'start', hub, behaviour, atOnce: Math.max(1, Math.floor(atOnce / processes)) });
    const own = agents.filter((_, at) => at % processes === index);
    for (let from = 0; from < own.length; from += identitiesPerMessage)
      this.tell({ do: 'agents', identities: own.slice(from, from + identitiesPerMessage) });
  }

  tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Rejects where the process has ended. */
  ask(question: Extract<ToWorker, { readonly id: number }>): Promise<readonly number[]> {
    if (this.ended !== undefined) return Promise.reject(new Error(`Cannot ask the simulated agents: ${this.ended}`));
    return new Promise((resolve) => {
      this.#answers.set(question.id, resolve);
      this.tell(question);
    });
  }

  async stop(): Promise<void> {
    if (this.ended !== undefined) return;
    const exit = once(this.#child, 'exit');
    this.tell({ do: 'stop' });
    await exit;
  }

  #heard(message: FromWorker): void {
    if (message.say === 'times') {
      this.#answers.get(message.id)?.(message.times);
      this.#answers.delete(message.id);
      return;
    }
    this.tally = message.tally;
    for (const listener of this.listeners) listener();
  }
}
