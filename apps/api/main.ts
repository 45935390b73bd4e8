import { startApiProgram } from '@fairlead/roles/api';
import { runProgram } from '@fairlead/roles/program';

runProgram('api', startApiProgram);
