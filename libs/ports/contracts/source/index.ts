export { sourceContract, type OpenedSource, type SourceHarness } from './suite.ts';
