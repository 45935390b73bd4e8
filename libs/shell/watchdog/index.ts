export { mostCounted, watchBacklog, type Backlog } from './backlog.ts';
export { countLoop, type LoopCounter } from './counter.ts';
export { stalledError, startWatchdog, type LoopReport, type Watchdog, type WatchedLoop } from './watchdog.ts';
