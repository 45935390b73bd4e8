export { agentInstallManifest, installedKeys } from './manifest.ts';
export { accounts, agentDeployment, agentPaths, aggregationLabel, type InstallOptions } from './options.ts';
