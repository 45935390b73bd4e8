export { openGitRepository, type GitRepository, type RepositoryOptions } from './repository/repository.ts';
export type { RepositoryLimits } from './repository/fetch.ts';
export type { HttpOptions } from './http.ts';
export { gitSourceAdapter, type GitSourceAdapter, type GitSourceOptions } from './sources/adapter.ts';
export type { SourceLimits } from './sources/tree.ts';
