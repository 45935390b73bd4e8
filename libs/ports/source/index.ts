export type {
  ChangesRequest,
  FetchedSource,
  FileTree,
  SourceAccess,
  SourceAdapter,
  SourceChange,
  SourceChanges,
  SourceCredentials,
  SourceFile,
  SourceHead,
} from './port.ts';
export { memorySource, type MemorySource, type MemorySourceServer, type SourceCommit } from './fake.ts';
