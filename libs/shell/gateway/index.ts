export { type JoinRequest, type JoinToken } from './enroll.ts';
export { createGateway, type Gateway } from './gateway.ts';
export { membershipKey, type PendingMembership } from './membership.ts';
export { type GatewayLimits, type GatewayPorts } from './ports.ts';
