export { apiError, apiFailureOf, type ApiAttempt, type ApiCause, type ApiFailure } from './failure.ts';
export type {
  Applied,
  ApplyOptions,
  ClusterApi,
  DeleteOptions,
  Identity,
  PatchOptions,
  ResourceKind,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './port.ts';
