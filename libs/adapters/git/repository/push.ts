import { FairleadError, type CommitSha } from '@fairlead/core/model';
import type { BranchProposal, CommitDraft, PushOptions, PushResult } from '@fairlead/ports/repository';
import git, { Errors } from 'isomorphic-git';
import { explained, failure, serverWords, unavailable } from '../failures.ts';
import type { HttpClient } from '../http.ts';
import { gitTransport, type Access } from '../remote/transport.ts';
import { writeCommits } from './commits.ts';
import { fetchHead, headOf, keepHead, type Branch } from './fetch.ts';
import { commitHere, reaches } from './history.ts';

/** What the server made of a push. */
type Outcome = 'accepted' | 'moved' | { readonly refused: string };

const outgoing = 'refs/fairlead/outgoing';
const proposed = 'refs/fairlead/proposed';

/** The server refused for another reason than that the branch moved. */
function unwritable({ url, name }: Branch, words: string, cause?: unknown): FairleadError {
  return failure(
    url,
    `Cannot push to ${name} of ${url}: the server says "${serverWords(words)}". Let the hub's account push to this branch, or use the PullRequest mode of the ledger.`,
    { code: 'PermissionDenied', reason: 'LedgerUnwritable', retry: 'backoff', cause },
  );
}

/**
 * One push, if the branch is at `base` still: what the server announces is compared before anything is sent, and the
 * server compares once more when it moves the branch.
 */
async function offer(
  branch: Branch,
  request: { readonly base: string; readonly to: string } & PushOptions,
  access: Access,
): Promise<Outcome> {
  const { url, ref, limits } = branch;
  let beforeSend: (() => void) | undefined;
  const client: HttpClient = {
    ...branch.http,
    request: (sent) => branch.http.request(sent.method === 'POST' && beforeSend ? { ...sent, beforeSend } : sent),
  };
  const place = branch.held.store.place();
  const said: string[] = [];
  await git.writeRef({ ...place, ref: outgoing, value: request.to, force: true });
  const http = gitTransport({ url, client, access, maxBytes: limits.maxPackBytes });
  const onPrePush = async ({ remoteRef }: { remoteRef: { oid: string } }): Promise<boolean> => {
    if (remoteRef.oid !== request.base) return false;
    beforeSend = await request.permit?.();
    return true;
  };
  const onMessage = (line: string) => void (said.length < 100 && said.push(line));
  try {
    const options = { ...place, http, url, ref: outgoing, remoteRef: ref, onPrePush, onMessage };
    await explained(url, git.push(options));
    return 'accepted';
  } catch (error) {
    if (error instanceof Errors.UserCanceledError || error instanceof Errors.PushRejectedError) return 'moved';
    if (!(error instanceof Errors.GitPushError)) throw error;
    const { result } = error.data;
    return { refused: [result.refs[ref]?.error || result.error, ...said].filter(Boolean).join(': ') };
  }
}

/** After a broken connection nobody knows whether the commits arrived: the branch itself is asked. */
async function arrivedAnyway(branch: Branch, to: string, { access, error }: { access: Access; error: unknown }) {
  if (!(error instanceof FairleadError)) throw error;
  if (error.code === 'PermissionDenied') throw unwritable(branch, error.message, error);
  if (error.reason !== 'SourceUnavailable' || error.code === 'Aborted') throw error;
  const head = await fetchHead(branch, access);
  if (!(await reaches(branch.held, head, to))) throw error;
}

/** Makes the commits here, one on the other, the first on `base`. */
async function commitOn(
  branch: Branch,
  { base, drafts }: { readonly base: CommitSha; readonly drafts: readonly CommitDraft[] },
  access: Access,
): Promise<CommitSha[]> {
  if (!(await branch.held.store.commit(base))) await fetchHead(branch, access);
  await commitHere(branch.held, base);
  const hub = { ...branch.committer, timeMs: branch.clock.now() };
  return writeCommits(branch.held, base, { drafts, hub, key: await branch.signingKey?.() });
}

/** Makes the commits on `base` and pushes them; all or none. */
export async function pushDrafts(
  branch: Branch,
  request: { readonly base: CommitSha; readonly drafts: readonly CommitDraft[] } & PushOptions,
  access: Access,
): Promise<PushResult> {
  const { base, drafts, ...options } = request;
  if (drafts.length === 0) return { pushed: true, commits: [] };
  const commits = await commitOn(branch, { base, drafts }, access);
  const to = commits.at(-1) ?? base;
  let outcome: Outcome;
  try {
    outcome = await offer(branch, { base, to, ...options }, access);
  } catch (error) {
    await arrivedAnyway(branch, to, { access, error });
    return { pushed: true, commits };
  }
  if (outcome === 'accepted') {
    await keepHead(branch, to);
    return { pushed: true, commits };
  }
  const head = await headOf(branch, access);
  if (head !== base) return { pushed: false, head };
  const words = outcome === 'moved' ? 'the branch moved and moved back' : outcome.refused;
  if (outcome === 'moved' || /lock|stale|expected|failed to update ref/i.test(words))
    throw unavailable(branch.url, `another push was under way (${serverWords(words)})`);
  throw unwritable(branch, words);
}

/** Makes the commit on `base` and sets a branch of the hub's own to it, whatever that was before. */
export async function pushProposal(
  branch: Branch,
  { base, branch: name, draft }: BranchProposal & { readonly base: CommitSha },
  access: Access,
): Promise<CommitSha> {
  const { url, http: client, limits } = branch;
  const ref = `refs/heads/${name}`;
  if (ref === branch.ref)
    throw failure(url, `Cannot propose on ${name} of ${url}: it is the branch that is read. Name another one.`, {
      code: 'InvalidInput',
      reason: 'InvalidArgument',
    });
  const [commit = base] = await commitOn(branch, { base, drafts: [draft] }, access);
  const place = branch.held.store.place();
  await git.writeRef({ ...place, ref: proposed, value: commit, force: true });
  const http = gitTransport({ url, client, access, maxBytes: limits.maxPackBytes });
  try {
    await explained(url, git.push({ ...place, http, url, ref: proposed, remoteRef: ref, force: true }));
  } catch (error) {
    if (!(error instanceof Errors.GitPushError)) throw error;
    const words = serverWords(error.data.result.refs[ref]?.error || (error.data.result.error ?? 'no reason'));
    throw failure(
      url,
      `Cannot push the branch ${name} to ${url}: the server says "${words}". Let the hub's account push it.`,
      {
        code: 'PermissionDenied',
        reason: 'LedgerUnwritable',
        retry: 'backoff',
        cause: error,
      },
    );
  }
  return commit;
}
