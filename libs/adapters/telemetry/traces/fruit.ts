import { context, createContextKey } from '@opentelemetry/api';

/** Whether a step came to anything, for the steps around it. */
export interface Outcome {
  isFruitful: boolean;
}

/** Where a context keeps the outcome of its step. */
export const outcomeKey = createContextKey('fairlead.step.outcome');

/** The step that runs now, or there, came to something. */
export function bearsFruit(there = context.active()): void {
  const outcome = there.getValue(outcomeKey) as Outcome | undefined;
  if (outcome) outcome.isFruitful = true;
}
