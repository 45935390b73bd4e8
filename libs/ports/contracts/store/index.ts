export { frozenMigrations } from './frozen.ts';
export { assignmentRow, commitOf, digestOf, headRow, statusRow } from './rows.ts';
export { storeContract, type StoreHarness } from './suite.ts';
