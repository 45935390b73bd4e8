import git from 'isomorphic-git';
import { explained } from '../failures.ts';
import { gitTransport, type TransportOptions } from './transport.ts';

/** A ref as a server names it. */
export interface RemoteRef {
  readonly name: string;
  readonly oid: string;
  /** What an annotated tag names in the end. */
  readonly peeled?: string;
}

/** Asks a server for the refs whose names start with a prefix. Nothing is downloaded but their names. */
export async function remoteRefs(prefix: string, options: TransportOptions): Promise<RemoteRef[]> {
  const { url } = options;
  const http = gitTransport(options);
  const refs = await explained(url, git.listServerRefs({ http, url, prefix, peelTags: true }));
  return refs.map(({ ref, oid, peeled }) => (peeled === undefined ? { name: ref, oid } : { name: ref, oid, peeled }));
}
