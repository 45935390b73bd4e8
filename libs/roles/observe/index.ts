export { startObserving, type ObserveOptions, type Observing } from './observing.ts';
