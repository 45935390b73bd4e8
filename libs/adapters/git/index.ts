export { openGitRepository, type GitRepository, type RepositoryOptions } from './repository/repository.ts';
export type { RepositoryLimits } from './repository/fetch.ts';
export type { HttpOptions } from './http.ts';
