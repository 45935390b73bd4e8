export type { TransportUnderTest } from './ends.ts';
export { transportContract, type TransportHarness } from './suite.ts';
