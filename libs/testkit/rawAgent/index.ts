export { dialRaw, type RawAgentOptions, type RawEnd, type RawStream } from './dial.ts';
export { identityOf, requestOf } from './identity.ts';
export { currentWire, firstWire, type FirstMessage, type Wire } from './wire.ts';
