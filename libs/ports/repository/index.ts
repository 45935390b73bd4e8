export type { CommitDraft, PushResult, Repository, RepositoryCommit, RepositoryFile } from './port.ts';
