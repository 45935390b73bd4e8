export { memoryForge, type ForgePull, type MemoryForgeServer } from './fake.ts';
export type { Forge, PullRequest, PullRequestText } from './port.ts';
