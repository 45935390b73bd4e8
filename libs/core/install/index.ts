export { agentInstallManifest, installedKeys } from './manifest.ts';
export { accounts, agentDeployment, agentImage, agentPaths, aggregationLabel, type InstallOptions } from './options.ts';
