export type { Change, Counts, EventQuery, Guard, RowFilter, Store, TokenClaim } from './port.ts';
export type { AssignmentRow, BlobRow, ClusterRow, EventRow, OutboxRow, StatusRow, TokenRow } from './rows.ts';
