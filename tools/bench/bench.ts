import type { Figure } from './figure.ts';

/** Which of the ways to run a hub is measured. */
export interface Variant {
  /** How agents reach it. */
  readonly transport: 'grpc' | 'nats';
  /** One process on SQLite, or a process for each role on PostgreSQL and NATS JetStream. */
  readonly layout: 'one' | 'apart';
}

/** What the command line asks of every bench. */
export interface BenchOptions extends Variant {
  /** How many there are of what the bench is about, one run each. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  /** Processes that share the agents. */
  readonly processes: number;
  /** Where CPU profiles of a real agent go. */
  readonly agentProfile: string | undefined;
  /** Where CPU profiles of the hub go. */
  readonly hubProfile: string | undefined;
  /** Where those of the agents' processes go. */
  readonly simulatorProfile: string | undefined;
  readonly seed: number;
  /** File with the waves of a rollout. */
  readonly scenario: string;
  /** Hears what is under way, for people. */
  readonly tell: (text: string) => void;
}

/** One bench: a file in `benches/`. */
export interface Bench {
  readonly name: string;
  /** What there are many of: clusters of a hub, or objects of one agent. */
  readonly of: 'clusters' | 'objects';
  /** Repetitions unless more or less are asked for. */
  readonly rounds: number;
  /** What `all` runs of it. */
  readonly variants: readonly Variant[];
  /** What it measures, and from when to when. */
  readonly summary: string;
  /** Gives its figures as they come. */
  run(options: BenchOptions): AsyncGenerator<Figure>;
}

/** What is measured unless more is asked for. */
export const usual: Variant = { transport: 'grpc', layout: 'one' };
