import type { GateWord, Obstacle } from './decideEntry.ts';

/** What keeps a release in an environment that lets others in WhenFree. */
export interface Occupancy {
  /** Nothing was promoted here yet, or no cluster is selected: nothing can be cut short. */
  readonly empty: boolean;
  /** Halted, unhealthy past progressDeadline, or made of something that is gone. */
  readonly failed: boolean;
  readonly rolloutOver: boolean;
  /** For each successor that has not named the release: its gates that look back here, judged for this release. */
  readonly asked: readonly { readonly environment: string; readonly gates: readonly GateWord[] }[];
}

/** Why the environment is not free; undefined when it is. */
export function whyBusy({ empty, failed, rolloutOver, asked }: Occupancy): Obstacle | undefined {
  if (empty || failed) return undefined;
  if (!rolloutOver) return { reason: 'WaitsUntilFree', message: 'The rollout of the release before it is not over.' };
  for (const { environment, gates } of asked) {
    const open = gates.find((gate) => gate.verdict !== 'Passed');
    if (open === undefined) continue;
    const message = `The release before it stays until ${environment} has what it asks for: ${open.message}`;
    return {
      reason: 'WaitsUntilFree',
      message,
      ...(open.recheckAfterMs === undefined ? {} : { recheckAfterMs: open.recheckAfterMs }),
    };
  }
  return undefined;
}
