export { type Readiness } from './health.ts';
export { ApiModule, type ApiParts } from './module.ts';
export { type Actions } from './writes.ts';
