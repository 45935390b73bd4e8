export { startPlannerRole, type PlannerParts, type PlannerRole } from './compose.ts';
export { startPlannerProgram } from './program.ts';
