export { asFairleadError, FairleadError, subjectText, type ErrorCode, type ErrorOptions, type Retry, type Subject } from './error.ts';
export {
  applicationId,
  isDigest,
  isName,
  splitApplicationId,
  type ApplicationId,
  type Branded,
  type ClusterName,
  type CommitSha,
  type Digest,
  type EnvironmentName,
} from './ids.ts';
export {
  groupOf,
  keyOf,
  keyText,
  parseKey,
  type Json,
  type JsonObject,
  type KubeObject,
  type ManagedFieldsEntry,
  type ObjectKey,
  type ObjectMeta,
} from './objects.ts';
export { reasons, type Reason } from './reasons.ts';
