export { openNatsBus, type NatsBus } from './bus.ts';
export type { NatsBusAddress, NatsBusOptions, StreamLimits } from './options.ts';
export { busPermissions, type BusPermissions } from './permissions.ts';
