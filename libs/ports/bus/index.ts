export { memoryBus, type MemoryBus } from './fake.ts';
export type { Bus, BusHandler, Subject } from './port.ts';
