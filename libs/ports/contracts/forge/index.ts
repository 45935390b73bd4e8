export { forgeContract, type OpenedForge } from './suite.ts';
