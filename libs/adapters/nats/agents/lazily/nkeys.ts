// Loaded when it is needed, as in client.ts.
export { createUser, fromSeed } from '@nats-io/nkeys';
