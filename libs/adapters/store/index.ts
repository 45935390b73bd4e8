export { openStore, type StoreOptions } from './sqlite/open.ts';
