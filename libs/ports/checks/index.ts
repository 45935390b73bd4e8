export { memoryChecks, type CheckBehaviour, type MemoryCheckServer } from './fake.ts';
export { checkLimitBytes, type CheckReply, type CheckRequest, type Checks } from './port.ts';
export { unanswered, whyForbidden } from './refusal.ts';
