import type { FleetDocuments, Ledger } from '@fairlead/core/documents';
import type { CommitSha, Connection, FairleadError, Reason } from '@fairlead/core/model';
import type { Placement } from '@fairlead/core/placement';
import type { ClusterRow, Store } from '@fairlead/ports/store';
import type { Clock } from '@fairlead/ports/clock';

/** One commit of a ledger file. */
export interface LedgerCommit {
  readonly commit: CommitSha;
  readonly timeMs: number;
  readonly author: string;
  readonly message: string;
  readonly trailers: readonly (readonly [string, string])[];
  readonly digest: string;
  readonly version: string;
}

/** The fleet as git has it: what all answers start from. */
export interface FleetInForce {
  readonly head: CommitSha;
  readonly documents: FleetDocuments;
  readonly ledger: Ledger;
  readonly placement: Placement;
  /** By ENVIRONMENT/TEAM/APPLICATION, newest first. */
  readonly named: ReadonlyMap<string, readonly LedgerCommit[]>;
  readonly problems: readonly FairleadError[];
}

/** Why something is as it is. */
export interface Why {
  readonly reason: Reason;
  readonly message: string;
}

/** The planner's last word on one application in one environment. */
export interface Decided {
  readonly state: string;
  readonly why: Why;
  readonly waves: readonly (Why & {
    readonly name: string;
    readonly state: string;
    readonly total: number;
    readonly done: number;
    readonly inProgress: number;
  })[];
  readonly clusters: readonly (Why & { readonly cluster: string; readonly wave?: string; readonly state: string })[];
  /** What may enter next. */
  readonly next?: Why;
  readonly gates: readonly {
    readonly gate: string;
    readonly verdict: 'Pass' | 'Wait' | 'Fail' | 'Unknown';
    readonly message: string;
  }[];
}

/** What the answers are made from. */
export interface ReadPorts {
  readonly store: Store;
  readonly clock: Clock;
  /** URL without credentials. */
  readonly repository: string;
  /** Undefined until the fleet repository was read for the first time. */
  fleet(): FleetInForce | undefined;
  /** Why the fleet repository, or the hub itself, is not as it should be now. */
  troubles(): readonly FairleadError[];
  decided(key: string): Promise<Decided | undefined>;
  connection(row: ClusterRow | undefined): Connection;
}
