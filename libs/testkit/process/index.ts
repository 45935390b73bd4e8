export { createEndings, type Endings } from './endings.ts';
export { freePort } from './ports.ts';
export { type Command, type ServerProcess, startProcess, tailOf } from './process.ts';
export { removeFolderAtEnd } from './reaper.ts';
