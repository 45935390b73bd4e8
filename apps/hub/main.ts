import { startHubProgram } from '@fairlead/roles/embedded';
import { runProgram } from '@fairlead/roles/program';

const bundle = { workerUrl: new URL('./store-worker.mjs', import.meta.url) };
runProgram('hub', (settings) => startHubProgram(settings, bundle));
