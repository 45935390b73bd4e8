import { startPlannerProgram } from '@fairlead/roles/planner';
import { runProgram } from '@fairlead/roles/program';

runProgram('planner', startPlannerProgram);
