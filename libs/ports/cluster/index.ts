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
export { fakeCluster, type FakeCluster } from './fake.ts';
export type { FakeCall, FakeClusterOptions } from './fake/server.ts';
export { assertIdentity } from './identity.ts';
