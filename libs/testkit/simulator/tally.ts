import type { AgentMessage, HubMessage } from '@fairlead/core/model';

/** What the agents of a process have done so far; plain data, for it travels between processes. */
export interface Tally {
  readonly agents: number;
  /** Agents whose stream stands and has been given its settings. */
  readonly connected: number;
  /** Those of them of which the hub knows the status: its settings named it, or the whole was sent on this stream. */
  readonly verified: number;
  /** Refused or broken connections, since the beginning. */
  readonly failures: number;
  /** Messages by type, since the beginning. */
  readonly sent: Readonly<Record<string, number>>;
  readonly received: Readonly<Record<string, number>>;
  /** Bundle indexes and objects that came, each part counted. */
  readonly blobs: number;
  /** Desired states whose position was behind one that the same agent had been sent before. */
  readonly steppedBack: number;
  /** Applications in clusters by their state now. */
  readonly states: Readonly<Record<string, number>>;
  /** How many agents have reached each milestone, and when the last one did (milliseconds since 1970). */
  readonly marks: Readonly<Record<string, { readonly count: number; readonly lastMs: number }>>;
  /** Bytes on the sockets to the hub, in TLS records, when it was last asked for (`fresh`, `times`, `forget`). */
  readonly bytes: { readonly in: number; readonly out: number };
  /** CPU time of the process, user and system. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** Milliseconds since 1970, finer than a millisecond. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Counts for all agents of one process. */
export class Counter {
  agents = 0;
  connected = 0;
  verified = 0;
  failures = 0;
  blobs = 0;
  steppedBack = 0;
  readonly #sent: Record<string, number> = {};
  readonly #received: Record<string, number> = {};
  readonly #states: Record<string, number> = {};
  readonly #marks = new Map<string, number[]>();

  sent(message: AgentMessage): void {
    this.#sent[message.type] = (this.#sent[message.type] ?? 0) + 1;
  }

  received(message: HubMessage): void {
    this.#received[message.type] = (this.#received[message.type] ?? 0) + 1;
    if (message.type === 'Objects') this.blobs += message.blobs.length;
  }

  /** An application in a cluster went from one state to another; undefined: it was not there, or has left. */
  moved(from: string | undefined, to: string | undefined): void {
    if (from !== undefined) this.#states[from] = (this.#states[from] ?? 1) - 1;
    if (to !== undefined) this.#states[to] = (this.#states[to] ?? 0) + 1;
  }

  /** An agent has reached a milestone. */
  mark(name: string): void {
    const times = this.#marks.get(name);
    if (times) times.push(preciseNow());
    else this.#marks.set(name, [preciseNow()]);
  }

  /** When each of the agents that reached it did, in that order. */
  times(name: string): readonly number[] {
    return this.#marks.get(name) ?? [];
  }

  /** Forgets the times of a milestone. */
  forget(name: string): void {
    this.#marks.delete(name);
  }

  tally(bytes: Tally['bytes']): Tally {
    const { user, system } = process.cpuUsage();
    const marks = [...this.#marks].map(
      ([name, times]) => [name, { count: times.length, lastMs: times.at(-1) ?? 0 }] as const,
    );
    return {
      agents: this.agents,
      connected: this.connected,
      verified: this.verified,
      failures: this.failures,
      sent: { ...this.#sent },
      received: { ...this.#received },
      blobs: this.blobs,
      steppedBack: this.steppedBack,
      states: { ...this.#states },
      marks: Object.fromEntries(marks),
      bytes,
      cpuMs: (user + system) / 1000,
      rssBytes: process.memoryUsage.rss(),
    };
  }
}

/** The sum over processes. */
export function sumOf(tallies: readonly Tally[]): Tally {
  const add = (of: (tally: Tally) => number): number => tallies.reduce((sum, tally) => sum + of(tally), 0);
  const merge = (of: (tally: Tally) => Readonly<Record<string, number>>): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const tally of tallies)
      for (const [key, count] of Object.entries(of(tally))) sums[key] = (sums[key] ?? 0) + count;
    return sums;
  };
  const marks: Record<string, { count: number; lastMs: number }> = {};
  for (const tally of tallies)
    for (const [name, { count, lastMs }] of Object.entries(tally.marks)) {
      const before = marks[name] ?? { count: 0, lastMs: 0 };
      marks[name] = { count: before.count + count, lastMs: Math.max(before.lastMs, lastMs) };
    }
  return {
    agents: add((tally) => tally.agents),
    connected: add((tally) => tally.connected),
    verified: add((tally) => tally.verified),
    failures: add((tally) => tally.failures),
    sent: merge((tally) => tally.sent),
    received: merge((tally) => tally.received),
    blobs: add((tally) => tally.blobs),
    steppedBack: add((tally) => tally.steppedBack),
    states: merge((tally) => tally.states),
    marks,
    bytes: { in: add(({ bytes }) => bytes.in), out: add(({ bytes }) => bytes.out) },
    cpuMs: add((tally) => tally.cpuMs),
    rssBytes: add((tally) => tally.rssBytes),
  };
}
