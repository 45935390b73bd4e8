export { getClusterEvents, getDiff, getObject, getTree, type AskPorts } from './asking.ts';
export { getApplication, listApplications, type ApplicationPorts, type SourceFacts } from './applications.ts';
export { listChanges, type ChangesPorts } from './changes.ts';
export { getCluster, getFleet, listClusters, listEnvironments } from './fleet.ts';
export { eventView, listDrift, listEvents } from './journal.ts';
export { listPlacements } from './placements.ts';
export { type FleetInForce, type LedgerCommit, type ReadPorts } from './ports.ts';
export { getDecisions, listReleases, listRollouts } from './rollouts.ts';
export { createPlan, type PlanPorts } from './plans.ts';
