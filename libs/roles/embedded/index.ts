export { startHub } from './hub.ts';
export { type Address, type HubOptions, type RunningHub } from './options.ts';
