export { parseManifests, type Manifest, type ManifestOptions } from './manifests.ts';
export { defaultLimits, type YamlLimits } from './yaml/read.ts';
