export { keepInstance, type InstanceOptions, type InstancePorts, type Presence } from './presence.ts';
export { ownerOf } from './share.ts';
