export { type Readiness } from './health.ts';
export { apiModule, type ApiParts } from './module.ts';
export { type Actions } from './writes.ts';
