export { checksContract, type ChecksHarness } from './suite.ts';
