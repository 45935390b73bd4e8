export type {
  BranchProposal,
  CommitDraft,
  PushOptions,
  PushResult,
  Repository,
  RepositoryCommit,
  RepositoryFile,
} from './port.ts';
export { memoryRepository, type MemoryCommit, type MemoryRepository, type MemoryServer } from './fake.ts';
