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
