// Loaded when it is needed, as in client.ts.
export {
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
  fromPublic,
  fromSeed,
} from '@nats-io/jwt';
