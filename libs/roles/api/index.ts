export { startApiRole, type ApiRole, type RoleParts } from './compose.ts';
export { type Readiness } from './health.ts';
export { apiModule, type ApiParts } from './module.ts';
export { startApiProgram } from './program.ts';
export { type Actions } from './writes.ts';
