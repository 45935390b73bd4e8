export { untold } from './fake.ts';
export type { Cause, Causes, StepOptions, Steps } from './port.ts';
