import { join } from 'node:path';
import { startHubProgram } from '@fairlead/roles/embedded';
import { runProgram } from '@fairlead/roles/program';

const bundle = {
  workerUrl: new URL('./store-worker.mjs', import.meta.url),
  page: join(import.meta.dirname, 'page'),
};
runProgram('hub', (settings) => startHubProgram(settings, bundle));
