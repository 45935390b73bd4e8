import type { VerifyingKey } from '@fairlead/core/model';
import type { Behaviour } from './behaviour.ts';
import type { SimulatedIdentity } from './identities.ts';
import type { Tally } from './tally.ts';

/** Where the agents dial, and whom they trust. */
export interface HubToDial {
  readonly transport: 'grpc' | 'nats';
  /** `HOST:PORT` of the streams, or the URL of the broker. */
  readonly address: string;
  readonly caPem: string;
  readonly verifyingKeys: readonly VerifyingKey[];
}

/** What a process of agents is told. */
export type ToWorker =
  | { readonly do: 'start'; readonly hub: HubToDial; readonly behaviour: Behaviour; readonly atOnce: number }
  | { readonly do: 'agents'; readonly identities: readonly SimulatedIdentity[] }
  /** Answered by a tally as it is now, and then the times of the milestone. */
  | { readonly do: 'times'; readonly id: number; readonly mark: string }
  /** Answered alike, with no times, once it is forgotten. */
  | { readonly do: 'forget'; readonly id: number; readonly mark: string }
  | { readonly do: 'stop' };

/** What it answers. */
export type FromWorker =
  | { readonly say: 'tally'; readonly tally: Tally }
  | { readonly say: 'times'; readonly id: number; readonly times: readonly number[] };
