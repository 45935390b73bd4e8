import type { ObjectsAsk } from './objects.ts';

/** What the raw client is told, one at a time. */
export type ToRaw =
  | { readonly do: 'connect'; readonly kubeconfigPath: string }
  /** Applies everything at once, so many calls in flight. */
  | { readonly do: 'apply'; readonly namespace: string; readonly objects: ObjectsAsk; readonly inFlight: number };

/** What it answers. */
export interface RawAnswer {
  readonly applied: number;
}

/** Its user agent: how the audit log tells it from the agent. */
export const rawUserAgent = 'fairlead-bench-raw';
