export { manualClock, type ManualClock } from './fake.ts';
export { systemClock, type Clock } from './port.ts';
