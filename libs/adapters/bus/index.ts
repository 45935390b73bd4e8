export { inProcessBus, type InProcessBusOptions } from './inProcess.ts';
