export { busContract, type BusHarness, type BusPair } from './suite.ts';
