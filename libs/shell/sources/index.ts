export { announceFleet, fleetFact, readWanted, type FleetNotice, type Wanted } from './announce.ts';
export { keepFiles, type FileKeeper, type FilePorts, type PinnedSource } from './files.ts';
export { boundsOf } from './bounds.ts';
export { type Compare, type Compared } from './changes.ts';
export { type TeamBounds } from './checks.ts';
export { makeBundles, type BundleMaker, type RenderPorts, type RenderRequest } from './render.ts';
export { followHead, type HeadFollower, type HeadPorts } from './head.ts';
export { sameRepository, watchSources, type SourceWatcher, type WantedSource, type WatcherPorts } from './watcher.ts';
export { secretFor, sourceKey, wantedSources } from './wanted.ts';
export {
  releasesFrom,
  renderHere,
  type Described,
  type PinnedRender,
  type Releases,
  type Rendering,
  type Resolved,
} from './releases.ts';
export { sourceProblems, sourceState, type SourceState } from './states.ts';
export { askRendering, type RemoteRendering } from './work/ask.ts';
export { serveRendering, type RenderingService } from './work/serve.ts';
