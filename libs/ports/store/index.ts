export { memoryStore, type MemoryStoreOptions } from './fake.ts';
export type { Change, Claimant, Counts, EventQuery, Guard, RowFilter, Store, TokenClaim } from './port.ts';
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
