export { openapi } from './openapi.ts';
export {
  decidedView,
  eventView,
  fleetReadView,
  problemJson,
  type ApplicationView,
  type ChangesView,
  type ClusterView,
  type DecidedView,
  type DriftView,
  type EnvironmentView,
  type EventView,
  type FleetReadView,
  type FleetView,
  type HistoryView,
  type PlacementView,
  type PlanView,
  type ProblemJson,
  type ProblemView,
  type RolloutView,
  type StepView,
} from './resources.ts';
export { routes, type Answer, type Body, type Operation, type Query, type Route } from './routes.ts';
