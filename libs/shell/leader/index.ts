export { fencedRepository, fencedStore, type PushLease } from './fenced.ts';
export { leaderKey, seekLead, type Candidacy, type LeadOptions, type LeadPorts, type Lead, type Term } from './lead.ts';
export { onRestored, restoredChanges, tellRestored } from './restored.ts';
