export { setUpBroker, type BrokerSetup } from './accounts/broker.ts';
export { natsUser, openAgentsAccount } from './accounts/users.ts';
export { natsLink, type NatsLinkLimits, type NatsLinkOptions } from './link.ts';
export { natsListener, type NatsListenerLimits, type NatsListenerOptions } from './listener.ts';
