import { startGatewayProgram } from '@fairlead/roles/gateway';
import { runProgram } from '@fairlead/roles/program';

runProgram('gateway', startGatewayProgram);
