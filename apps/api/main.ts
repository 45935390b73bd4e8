import { join } from 'node:path';
import { startApiProgram } from '@fairlead/roles/api';
import { runProgram } from '@fairlead/roles/program';

const bundle = { page: join(import.meta.dirname, 'page') };
runProgram('api', (settings) => startApiProgram(settings, bundle));
