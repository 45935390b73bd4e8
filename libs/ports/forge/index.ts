export { memoryForge, type ForgePull, type MemoryForgeServer } from './fake.ts';
export type { CommitStatus, Forge, PullRequest, PullRequestText, StatusQuestion } from './port.ts';
