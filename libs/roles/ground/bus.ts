import { inProcessBus } from '@fairlead/adapters/bus';
import { openNatsBus } from '@fairlead/adapters/nats/bus';
import type { FairleadError } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';
import type { BusChoice } from '@fairlead/roles/settings';

/** A bus, and why it cannot be used now. */
export interface ChosenBus {
  readonly bus: Bus;
  problem(): FairleadError | undefined;
}

/** The bus of the settings. */
export async function chosenBus(
  choice: BusChoice,
  parts: {
    readonly clock: Clock;
    /** What the server's own pages call this process. */
    readonly name: string;
    readonly onError: (error: unknown, subject: string) => void;
    readonly onProblem: (problem: unknown) => void;
  },
): Promise<ChosenBus> {
  const { clock, name, onError, onProblem } = parts;
  if (choice.kind === 'in-process') return { bus: inProcessBus({ onError }), problem: () => undefined };
  const { kind: _, replicas, ...address } = choice;
  const limits = { ...(replicas !== undefined && { replicas }) };
  const bus = await openNatsBus({ ...address, limits, clock, name, onError, onProblem });
  return { bus, problem: () => bus.problem() };
}
