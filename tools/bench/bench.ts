import type { Figure } from './figure.ts';

/** What the command line asks of every bench. */
export interface BenchOptions {
  /** Numbers of clusters, one run each. */
  readonly clusters: readonly number[];
  readonly rounds: number;
  /** Processes that share the agents. */
  readonly processes: number;
  /** Where CPU profiles of the hub go. */
  readonly hubProfile: string | undefined;
  /** Where those of the agents' processes go. */
  readonly simulatorProfile: string | undefined;
  readonly seed: number;
  /** Hears what is under way, for people. */
  readonly tell: (text: string) => void;
}

/** One bench: a file in `benches/`. */
export interface Bench {
  readonly name: string;
  /** What it measures, and from when to when. */
  readonly summary: string;
  /** Gives its figures as they come. */
  run(options: BenchOptions): AsyncGenerator<Figure>;
}
