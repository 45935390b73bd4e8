export { readSettings, usageOf } from './flags.ts';
export type {
  Address,
  AgentsBroker,
  BusChoice,
  FleetSettings,
  HubOptions,
  Program,
  Settings,
  StoreChoice,
} from './settings.ts';
