import type { RecordPlace } from './record.ts';

/** What the process that takes statuses in is told, one at a time. */
export type ToIntake =
  | { readonly do: 'begin'; readonly place: RecordPlace; readonly clusters: number; readonly applications: number }
  | { readonly do: 'load'; readonly forMs: number; readonly atOnce: number }
  | { readonly do: 'read' }
  | { readonly do: 'end' };

/** What it answers. */
export interface Answer {
  /** How long it took, how many rows were stored, and each call's own time. */
  readonly tookMs: number;
  readonly rows: number;
  readonly callsMs: readonly number[];
}
