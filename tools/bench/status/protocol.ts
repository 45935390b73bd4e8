import type { ClusterName } from '@fairlead/core/model';
import type { SharedServers } from '@fairlead/testkit/simulator';

/** What the process that takes statuses in is told, one at a time. */
export type ToIntake =
  | {
      readonly do: 'begin';
      readonly access: SharedServers['access'];
      readonly clusters: readonly ClusterName[];
      readonly applications: number;
    }
  | { readonly do: 'load'; readonly forMs: number; readonly atOnce: number }
  | { readonly do: 'end' };

/** What it answers. */
export interface Answer {
  /** How long it took, how many rows were stored, and each call's own time. */
  readonly tookMs: number;
  readonly rows: number;
  readonly callsMs: readonly number[];
}
