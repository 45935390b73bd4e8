import { FairleadError } from '@fairlead/core/model';
import type { CommitStatus, Forge, PullRequest } from '@fairlead/ports/forge';
import { Octokit } from '@octokit/core';
import { refusalOf } from './refusals.ts';
import { statusOf } from './statuses.ts';

/** Options of {@link githubForge}. */
export interface GithubOptions {
  /** Of the fleet repository, such as `https://github.com/shop/fleet.git`. */
  readonly repositoryUrl: string;
  /** The branch that pull requests are merged into. */
  readonly branch: string;
  /** Read at each use, never kept. It needs to write pull requests, and to read statuses and checks where gates ask for them. */
  readonly token: () => Promise<string>;
  /** Of the REST API; derived from the repository's host unless given. */
  readonly apiUrl?: string;
}

const withinMs = 20_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** What the API says of a pull request. */
interface GithubPull {
  readonly number: number;
  readonly html_url: string;
  readonly state: string;
  readonly merged_at?: string | null;
}

/**
 * Pull requests on GitHub, by its REST API (version 2022-11-28). Throws InvalidInput for a URL that names no owner and
 * repository.
 */
export function githubForge(options: GithubOptions): Forge {
  const place = placeOf(options.repositoryUrl);
  const repository = { owner: place.owner, repo: place.repo };
  const baseUrl = options.apiUrl ?? place.apiUrl;
  const call = async <Result>(
    to: string,
    work: (api: Octokit) => Promise<Result>,
    { at = `${place.owner}/${place.repo}`, timeoutMs = withinMs } = {},
  ): Promise<Result> => {
    const api = new Octokit({
      auth: (await options.token()).trim(),
      baseUrl,
      log: silent,
      request: { signal: AbortSignal.timeout(timeoutMs) },
    });
    try {
      return await work(api);
    } catch (thrown) {
      throw refusalOf(thrown, { to, at });
    }
  };
  return {
    open: ({ branch, title, body }) =>
      call(`open a pull request for ${branch}`, async (api): Promise<PullRequest> => {
        const head = `${repository.owner}:${branch}`;
        const base = options.branch;
        const known = await openPullOf(api, { ...repository, head, base });
        const { data } = known
          ? await api.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
              ...repository,
              pull_number: known.number,
              title,
              body,
            })
          : await api.request('POST /repos/{owner}/{repo}/pulls', { ...repository, head: branch, base, title, body });
        return pullOf(data);
      }),
    look: (number) =>
      call(`look at pull request ${number}`, async (api) => {
        const { data } = await api.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
          ...repository,
          pull_number: number,
        });
        return pullOf(data);
      }),
    close: (number, why) =>
      call(`close pull request ${number}`, async (api) => {
        const at = { ...repository, pull_number: number };
        const { data } = await api.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', at);
        if (data.state !== 'open') return;
        // The words first: one that was closed without them would look like somebody's refusal.
        await api.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...repository,
          issue_number: number,
          body: why,
        });
        await api.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', { ...at, state: 'closed' });
      }),
    async status({ repositoryUrl, commit, context, timeoutMs }) {
      const { owner, repo } = neighbourOf(place, repositoryUrl);
      const ask = (api: Octokit): Promise<CommitStatus> => statusOf(api, { owner, repo, ref: commit }, context);
      return call(`ask for ${context} of ${commit.slice(0, 12)}`, ask, { at: `${owner}/${repo}`, timeoutMs });
    },
  };
}

async function openPullOf(
  api: Octokit,
  of: { readonly owner: string; readonly repo: string; readonly head: string; readonly base: string },
): Promise<GithubPull | undefined> {
  const { data } = await api.request('GET /repos/{owner}/{repo}/pulls', { ...of, state: 'open' });
  return data[0];
}

function pullOf({ number, html_url: url, state, merged_at: mergedAt }: GithubPull): PullRequest {
  const ended = typeof mergedAt === 'string' ? 'Merged' : 'Closed';
  return { number, url, state: state === 'open' ? 'Open' : ended };
}

interface Place {
  readonly owner: string;
  readonly repo: string;
  readonly host: string;
  readonly apiUrl: string;
}

/** Another repository at the same forge: the token is meant for no other host. */
function neighbourOf({ host }: Place, repositoryUrl: string): Place {
  const place = placeOf(repositoryUrl);
  if (place.host === host) return place;
  throw new FairleadError(
    `Cannot ask for a commit's status at ${place.host}: the hub's forge is ${host}. Take the gate away, or have the source there.`,
    { code: 'InvalidInput', reason: 'InvalidArgument' },
  );
}

/** Owner and name are the last two parts of the path; GitHub Enterprise has its API below `/api/v3` of the same host. */
function placeOf(repositoryUrl: string): Place {
  const url = URL.canParse(repositoryUrl) ? new URL(repositoryUrl) : undefined;
  const [owner, repo, ...more] = url?.pathname.replace(/^\/|\.git$|\/$/g, '').split('/') ?? [];
  if (url && owner && repo && more.length === 0)
    return {
      owner,
      repo,
      host: url.host,
      apiUrl: url.host === 'github.com' ? 'https://api.github.com' : `${url.origin}/api/v3`,
    };
  throw new FairleadError(
    `Cannot use GitHub for ${repositoryUrl}: the URL names no owner and repository, such as https://github.com/shop/fleet.`,
    { code: 'InvalidInput', reason: 'InvalidArgument' },
  );
}
