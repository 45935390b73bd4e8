export {
  attemptsOf,
  candidateKey,
  keyOfRelease,
  type Attempt,
  type CandidateIdentity,
  type NamedCommit,
  type ReleaseRef,
} from './candidate.ts';
export {
  decideEntry,
  holdsBack,
  type EntryDecision,
  type EntryInput,
  type GateWord,
  type Obstacle,
  type Offer,
} from './decideEntry.ts';
export { decideProposal, type KeptProposal, type ProposalDecision, type ProposalInput } from './decideProposal.ts';
export { whyBusy, type Occupancy } from './occupancy.ts';
export { offersFrom, type Offered, type Predecessor } from './offers.ts';
export { recordEntry, replayEntry, type EntryRecord } from './record.ts';
export { promotedFile, rolledBackFile, type Before, type Place } from './promotion.ts';
