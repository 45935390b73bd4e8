export { agentInstallManifest, installedKeys } from './manifest.ts';
export {
  accounts,
  agentDeployment,
  agentImage,
  agentPaths,
  aggregationLabel,
  type InstallNats,
  type InstallOptions,
} from './options.ts';
