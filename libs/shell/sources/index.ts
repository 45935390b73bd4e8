export { keepFiles, type FileKeeper, type FilePorts, type PinnedSource } from './files.ts';
export { boundsOf } from './bounds.ts';
export { type TeamBounds } from './checks.ts';
export { makeBundles, type BundleMaker, type RenderPorts, type RenderRequest } from './render.ts';
export { followHead, type HeadFollower, type HeadPorts } from './head.ts';
export {
  sameRepository,
  watchSources,
  type SourceState,
  type SourceWatcher,
  type WantedSource,
  type WatcherPorts,
} from './watcher.ts';
export { secretFor, sourceKey, wantedSources } from './wanted.ts';
export { releasesFrom, type PinnedRender, type Releases, type Resolved } from './releases.ts';
