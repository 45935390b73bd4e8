export { readCaseFiles, writeCaseFile, type Case, type CaseFile, type Hand } from './caseFile.ts';
export { changeOf, replay, toldBy, type Replayed } from './replay.ts';
