import { startSourcesProgram } from '@fairlead/roles/sources';
import { runProgram } from '@fairlead/roles/program';

runProgram('sources', startSourcesProgram);
