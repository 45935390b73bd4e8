export { helmRenderer } from './helm/index.ts';
export { kustomizePatcher, kustomizeRenderer } from './kustomize/index.ts';
export { plainRenderer } from './plain/index.ts';
export { type Tool } from './process.ts';
