export { startNatsCluster, type NatsCluster, type NatsClusterOptions } from './cluster.ts';
export type { NatsPorts } from './config.ts';
export {
  startNatsServer,
  type DownOptions,
  type NatsServer,
  type NatsServerOptions,
  type StoreCopy,
} from './server.ts';
