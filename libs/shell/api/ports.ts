import type { FleetDocuments, Ledger } from '@fairlead/core/documents';
import type { CommitSha, Connection, Digest, FairleadError } from '@fairlead/core/model';
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
  readonly digest: Digest;
  readonly version: string;
  readonly definition: CommitSha;
  /** By the source's name. */
  readonly revisions: Readonly<Record<string, string>>;
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

/** What the answers are made from. */
export interface ReadPorts {
  readonly store: Store;
  readonly clock: Clock;
  /** URL without credentials. */
  readonly repository: string;
  /** Undefined until the fleet repository was read for the first time. */
  fleet(): FleetInForce | undefined;
  /** Why the fleet repository, or the hub itself, is not as it should be now. */
  troubles(): Promise<readonly FairleadError[]>;
  connection(row: ClusterRow | undefined): Connection;
}
