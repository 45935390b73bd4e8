export { startGatewayRole, type GatewayParts, type GatewayRole } from './compose.ts';
export { type Enrolment } from './enrol.ts';
export { gatewayModule } from './module.ts';
export { startGatewayProgram } from './program.ts';
