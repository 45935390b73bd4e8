export { transportContract, type TransportHarness, type TransportUnderTest } from './suite.ts';
