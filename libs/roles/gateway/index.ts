export { type Enrolment } from './enrol.ts';
export { gatewayModule } from './module.ts';
