export { memoryStore, type MemoryStoreOptions } from './fake.ts';
export { factLimitBytes, factText } from './facts.ts';
export type {
  AssignmentFilter,
  Beat,
  Candidate,
  Change,
  Claimant,
  ClusterFilter,
  Counts,
  DesiredOf,
  EventQuery,
  Guard,
  HeardAt,
  Hello,
  RowFilter,
  RowKey,
  StatusFilter,
  Store,
  Tally,
  TokenClaim,
} from './port.ts';
export type {
  AssignmentRow,
  BlobRow,
  ClusterRow,
  ContactRow,
  EventRow,
  HeadRow,
  OutboxRow,
  StatusRow,
  TokenRow,
} from './rows.ts';
export { goingOn, healthWandersMs } from './starts.ts';
export { judgeClaim, tokenMemoryMs } from './tokens.ts';
