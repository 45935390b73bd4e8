export { type Enrolment } from './enrol.ts';
export { GatewayModule } from './module.ts';
