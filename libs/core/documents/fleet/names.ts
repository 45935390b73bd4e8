import type { Team } from '@fairlead/core/model';

/** The names that documents may refer to. */
export interface Names {
  readonly environments: ReadonlySet<string>;
  /** Undefined: the document is there and cannot be used. */
  readonly teams: ReadonlyMap<string, Team | undefined>;
  /** The environments that each enters. */
  readonly applications: ReadonlyMap<string, ReadonlySet<string>>;
}
