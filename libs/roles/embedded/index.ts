export { startHub, type Bundle, type RunningHub } from './hub.ts';
export { startHubProgram } from './program.ts';
