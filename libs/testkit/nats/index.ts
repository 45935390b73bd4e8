export type { NatsPorts } from './config.ts';
export {
  startNatsServer,
  type DownOptions,
  type NatsServer,
  type NatsServerOptions,
  type StoreCopy,
} from './server.ts';
