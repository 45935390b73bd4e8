export { httpOf, openFleet, type FleetView } from './fleet.ts';
