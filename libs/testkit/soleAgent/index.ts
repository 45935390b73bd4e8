export { startSoleAgentPlace, type SoleAgentPlace } from './agent.ts';
export { type SoleApplication, type SoleDesired, type SoleHub } from './hub.ts';
export { hurriedClock } from './hurried.ts';
