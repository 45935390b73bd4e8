export {
  startGitServer,
  type GitFaults,
  type GitServer,
  type GitServerOptions,
  type LoggedRequest,
  type RefUpdate,
} from './server.ts';
export type { CommitRequest, FileContent } from './fastImport.ts';
export type { CreateOptions } from './repository.ts';
