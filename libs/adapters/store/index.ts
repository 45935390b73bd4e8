export { openPostgresStore, type PostgresStoreOptions } from './postgres/open.ts';
export { openStore, type StoreOptions } from './sqlite/open.ts';
