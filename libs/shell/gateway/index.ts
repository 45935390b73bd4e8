export { makeToken, type JoinRequest, type JoinToken, type TokenPorts } from './enroll.ts';
export { createGateway, type Gateway } from './gateway.ts';
export { membershipKey, type PendingMembership } from './membership.ts';
export { type GatewayLimits, type GatewayPorts, type NatsAccounts } from './ports.ts';
