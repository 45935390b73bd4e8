export { startBalancer, type Balancer } from './balancer.ts';
export { startAgent, type AgentOptions, type AgentProcess } from './agent.ts';
export { startHubApart, type HubApart, type HubApartOptions, type Role, type RoleProcess } from './apart.ts';
export { createCli, type Cli, type CliResult } from './cli.ts';
export { readExample, readTree } from './examples.ts';
export {
  fleetFixture,
  type ClusterOptions,
  type Fleet,
  type FleetOptions,
  type Member,
  type Repository,
} from './fixture.ts';
export { hubFile, startHub, type Hub, type HubOptions } from './hub.ts';
export {
  createHubClient,
  HubRefusal,
  type CallOptions,
  type HubAddress,
  type HubClient,
  type RawAnswer,
} from './hubClient.ts';
export { applyInstall, joinCluster, untilConnected, type JoinOptions } from './join.ts';
export { flagsOf, launchProgram, type LaunchedProgram } from './launch.ts';
export { bundleFolder, programEnvironment, programPath, type Program } from './programs.ts';
export { expectedObjects, type ExpectedOptions } from './expected.ts';
export { resourcesOf, type Resources } from './resources.ts';
