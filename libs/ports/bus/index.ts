export type { Bus, BusHandler, Subject } from './port.ts';
