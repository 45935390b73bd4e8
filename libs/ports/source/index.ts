export type { FetchedSource, FileTree, SourceAccess, SourceAdapter, SourceCredentials, SourceFile, SourceHead } from './port.ts';
