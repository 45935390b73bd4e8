import { FairleadError, type GitRef } from '@fairlead/core/model';
import type { SourceHead } from '@fairlead/ports/source';
import semver from 'semver';
import { notFound } from '../failures.ts';
import { remoteRefs, type RemoteRef } from '../remote/refs.ts';
import type { TransportOptions } from '../remote/transport.ts';

interface FoundRef extends SourceHead {
  readonly remoteRef: string;
}

function commitOf(ref: RemoteRef): string {
  return ref.peeled ?? ref.oid;
}

const next = 'Make it again, or name another one. The last good state stays.';

async function exact(name: string, options: TransportOptions): Promise<RemoteRef> {
  const found = (await remoteRefs(name, options)).find((ref) => ref.name === name);
  if (found) return found;
  const [, kind = '', short = ''] = /^refs\/(head|tag)s\/(.*)$/.exec(name) ?? [];
  throw notFound(options.url, `the ${kind === 'head' ? 'branch' : 'tag'} ${short} in ${options.url}`, next);
}

/** The newest version wins; of two tags for one version, such as 1.2.3 and v1.2.3, the first by name. */
function newest(refs: readonly RemoteRef[], range: string): { ref: RemoteRef; tag: string } | undefined {
  const tagged = refs
    .map((ref) => ({ ref, tag: ref.name.slice('refs/tags/'.length) }))
    .flatMap((one) => {
      const version = semver.parse(one.tag);
      return version && semver.satisfies(version, range) ? [{ ...one, version }] : [];
    });
  tagged.sort((a, b) => semver.rcompare(a.version, b.version) || (a.tag < b.tag ? -1 : 1));
  return tagged[0];
}

async function matching(range: string, options: TransportOptions): Promise<FoundRef> {
  const { url } = options;
  if (semver.validRange(range) === null) {
    throw new FairleadError(
      `Cannot choose a tag of ${url}: ${JSON.stringify(range)} is no range of versions. Write for example ">=1.2 <2".`,
      { code: 'InvalidInput', reason: 'InvalidDocument', subject: { file: url, field: 'ref.semver' } },
    );
  }
  const refs = await remoteRefs('refs/tags/', options);
  const best = newest(refs, range);
  if (best) return { head: commitOf(best.ref), version: best.tag, remoteRef: best.ref.name };
  const current = `${refs.length} ${refs.length === 1 ? 'tag' : 'tags'}, none of them in the range`;
  throw notFound(url, `a tag of ${url} that matches ${range}: it has ${current}`, 'Push a tag, or widen the range.');
}

/** Asks the server what a ref names now. A commit names itself, and the server is not asked. */
export async function findRef(ref: GitRef, options: TransportOptions): Promise<SourceHead> {
  if ('commit' in ref) return { head: ref.commit };
  if ('branch' in ref) return { head: commitOf(await exact(`refs/heads/${ref.branch}`, options)) };
  if ('tag' in ref) return { head: commitOf(await exact(`refs/tags/${ref.tag}`, options)), version: ref.tag };
  const { head, version = '' } = await matching(ref.semver, options);
  return { head, version };
}

/** Where a ref is fetched from. A commit that cannot be fetched by its name is looked for in the default branch. */
export async function remoteRefOf(ref: GitRef, options: TransportOptions): Promise<string> {
  if ('branch' in ref) return `refs/heads/${ref.branch}`;
  if ('tag' in ref) return `refs/tags/${ref.tag}`;
  return 'commit' in ref ? 'HEAD' : (await matching(ref.semver, options)).remoteRef;
}
