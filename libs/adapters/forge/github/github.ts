import { FairleadError } from '@fairlead/core/model';
import type { Forge, PullRequest } from '@fairlead/ports/forge';
import { Octokit } from '@octokit/core';
import { refusalOf } from './refusals.ts';

/** Options of {@link githubForge}. */
export interface GithubOptions {
  /** Of the fleet repository, such as `https://github.com/shop/fleet.git`. */
  readonly repositoryUrl: string;
  /** The branch that pull requests are merged into. */
  readonly branch: string;
  /** Read at each use, never kept. It needs to write pull requests, and nothing else. */
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
  const call = async <Result>(to: string, work: (api: Octokit) => Promise<Result>): Promise<Result> => {
    const api = new Octokit({
      auth: (await options.token()).trim(),
      baseUrl,
      log: silent,
      request: { signal: AbortSignal.timeout(withinMs) },
    });
    try {
      return await work(api);
    } catch (thrown) {
      throw refusalOf(thrown, { to, at: `${place.owner}/${place.repo}` });
    }
  };
  return {
    open: ({ branch, title, body }) =>
      call(`open a pull request for ${branch}`, async (api): Promise<PullRequest> => {
        const head = `${repository.owner}:${branch}`;
        const base = options.branch;
        const { data: open } = await api.request('GET /repos/{owner}/{repo}/pulls', {
          ...repository,
          head,
          base,
          state: 'open',
        });
        const known = open[0];
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
  };
}

function pullOf({ number, html_url: url, state, merged_at: mergedAt }: GithubPull): PullRequest {
  const ended = typeof mergedAt === 'string' ? 'Merged' : 'Closed';
  return { number, url, state: state === 'open' ? 'Open' : ended };
}

/** Owner and name are the last two parts of the path; GitHub Enterprise has its API below `/api/v3` of the same host. */
function placeOf(repositoryUrl: string): { owner: string; repo: string; apiUrl: string } {
  const url = URL.canParse(repositoryUrl) ? new URL(repositoryUrl) : undefined;
  const [owner, repo, ...more] = url?.pathname.replace(/^\/|\.git$|\/$/g, '').split('/') ?? [];
  if (url && owner && repo && more.length === 0)
    return { owner, repo, apiUrl: url.host === 'github.com' ? 'https://api.github.com' : `${url.origin}/api/v3` };
  throw new FairleadError(
    `Cannot use GitHub for ${repositoryUrl}: the URL names no owner and repository, such as https://github.com/shop/fleet.`,
    { code: 'InvalidInput', reason: 'InvalidArgument' },
  );
}
