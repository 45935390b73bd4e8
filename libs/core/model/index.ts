export {
  asFairleadError,
  errorOf,
  FairleadError,
  plainError,
  subjectText,
  type ErrorCode,
  type ErrorOptions,
  type PlainError,
  type Retry,
  type Subject,
} from './error.ts';
export {
  applicationId,
  isApplicationId,
  isDigest,
  isName,
  isVerification,
  splitApplicationId,
  verificationOf,
  verifiedBy,
  type ApplicationId,
  type Branded,
  type ClusterName,
  type CommitSha,
  type Digest,
  type EnvironmentName,
} from './ids.ts';
export { isEqual, isList, isMap, parseJson, printJson, type JsonMap } from './json.ts';
export {
  groupOf,
  keyOf,
  keyText,
  lastAppliedAnnotation,
  parseKey,
  trackingKey,
  type Json,
  type JsonObject,
  type KubeObject,
  type ManagedFieldsEntry,
  type ObjectKey,
  type ObjectMeta,
} from './objects.ts';
export { parseProblem, parseQuestion, parseReply, type Question, type Reply } from './questions.ts';
export { reasons, type Reason } from './reasons.ts';
export { mask, redacted } from './redact.ts';
export { matchesTarget, matchesWord } from './target.ts';
export {
  application,
  namespaceOf,
  pathOf,
  sourcesOf,
  urlOf,
  type Application,
  type GitRef,
  type HealthRule,
  type Ignore,
  type Override,
  type Patch,
  type PipelineEntry,
  type Source,
  type Sync,
} from './documents/application.ts';
export {
  cluster,
  environment,
  fleet,
  team,
  type Cluster,
  type Environment,
  type Fleet,
  type RolloutPolicy,
  type Team,
  type Wave,
} from './documents/fleet.ts';
export {
  dependenciesIn,
  fillUrl,
  isVerificationGate,
  windowsOf,
  type Gate,
  type VerificationGate,
} from './documents/gates.ts';
export { hub, member, release, type HubFile, type Member, type ReleaseFile } from './documents/ledger.ts';
export {
  apiVersion,
  countOf,
  durationMs,
  type CountOrPercent,
  type Selector,
  type Target,
} from './documents/scalars.ts';
export { cronOf, type Window } from './documents/windows.ts';
export {
  hubServerName,
  spiffeId,
  type Credentials,
  type EnrollRequest,
  type EnrollResponse,
  type NatsAccess,
  type RenewRequest,
  type RenewResponse,
  type VerifyingKey,
} from './enrollment.ts';
export { isBrokerAddress } from './brokers.ts';
export {
  capabilities,
  clusterEvent,
  eventsAnswer,
  mostAnswerBytes,
  objectAnswer,
  objectChange,
  planAnswer,
  treeAnswer,
  type Asking,
  type ClusterEvent,
  type EventsAnswer,
  type FieldChange,
  type ObjectAnswer,
  type ObjectChange,
  type ObjectDeparture,
  type PlanAnswer,
  type TreeAnswer,
  type TreeNode,
} from './answers.ts';
export { applyModes, type ApplyMode, type BundleIndex, type BundleObject } from './bundles.ts';
export { type AgentMessage, type BlobPart, type HubMessage, type MessageOf, type Traced } from './messages.ts';
export {
  comparePositions,
  type ApplicationStatus,
  type Connection,
  type DesiredEntry,
  type DesiredHead,
  type DesiredState,
  type DriftItem,
  type DriftState,
  type HealthState,
  type ObjectProblem,
  type Position,
  type SignedHead,
  type SyncState,
  type Tombstone,
} from './states.ts';
