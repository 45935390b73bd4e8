export { peopleActions, type Done, type Follower, type PeopleActions, type Place } from './actions.ts';
export { type Kept } from './journal.ts';
export { previewReleases, type Preview, type Previews } from './preview.ts';
export { readReport, writeReport, type PlannerReport } from './report.ts';
export { keepForAWhile } from './retention.ts';
export { startPlanner, type Planner } from './planner.ts';
export type {
  Author,
  BundleRequest,
  PlannerOptions,
  PlannerPorts,
  ReleaseSource,
  ResolvedSources,
  TeamLimits,
} from './ports.ts';
export { readFleetRepository, type FleetReader, type ReaderOptions, type ReaderPorts } from './reader/read.ts';
export type { Acknowledged, FleetSnapshot, NamedRelease } from './reader/snapshot.ts';
