export type {
  FetchedSource,
  FileTree,
  SourceAccess,
  SourceAdapter,
  SourceCredentials,
  SourceFile,
  SourceHead,
} from './port.ts';
export { memorySource, type MemorySource, type MemorySourceServer, type SourceCommit } from './fake.ts';
