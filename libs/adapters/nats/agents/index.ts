export { setUpBroker, type BrokerSetup, type BrokerSetupOptions } from './accounts/broker.ts';
export { openRevoker, type RevokerOptions } from './accounts/revoker.ts';
export { natsUser, openAgentsAccount } from './accounts/users.ts';
export { natsLink, type NatsLinkLimits, type NatsLinkOptions } from './link.ts';
export { natsListener, type NatsListenerLimits, type NatsListenerOptions } from './listener.ts';
