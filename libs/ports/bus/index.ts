export {
  answeredLate,
  askHere,
  assertAskable,
  mostAskedBytes,
  nobodyServes,
  notAnswered,
  openDesks,
  type AskedHandler,
  type Desks,
} from './asking.ts';
export { memoryBus, type MemoryBus, type MemoryBusOptions } from './fake.ts';
export { busClosed, openLines, type LineOptions, type Lines } from './lines.ts';
export { subjects, type Message, type Messages, type Payload, type Subject, type Traced } from './messages.ts';
export type { Bus, BusHandler, Listening } from './port.ts';
