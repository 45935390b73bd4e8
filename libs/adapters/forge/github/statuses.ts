import type { CommitStatus } from '@fairlead/ports/forge';
import type { Octokit } from '@octokit/core';

/** A commit of a repository, as the API names it. */
export interface CommitRef {
  readonly owner: string;
  readonly repo: string;
  readonly ref: string;
}

/** Most statuses and checks of a commit that are looked at. */
const most = 100;

/**
 * What GitHub knows of a commit by one name, which a status or a check may have. One that was skipped, or that nobody
 * reads any more, says nothing; several checks of one name must all be good.
 */
export async function statusOf(api: Octokit, commit: CommitRef, context: string): Promise<CommitStatus> {
  const { data: combined } = await api.request('GET /repos/{owner}/{repo}/commits/{ref}/status', {
    ...commit,
    per_page: most,
  });
  const status = combined.statuses.find((one) => one.context === context);
  if (status) return ofState(status.state);
  const { data: checks } = await api.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
    ...commit,
    check_name: context,
    filter: 'latest',
    per_page: most,
  });
  const found = checks.check_runs.map(ofRun);
  return (['Bad', 'Pending', 'Good'] as const).find((one) => found.includes(one)) ?? 'Missing';
}

function ofState(state: string): CommitStatus {
  if (state === 'success') return 'Good';
  return state === 'pending' ? 'Pending' : 'Bad';
}

function ofRun({ status, conclusion }: { status: string; conclusion: string | null }): CommitStatus {
  if (status !== 'completed') return 'Pending';
  if (conclusion === 'success' || conclusion === 'neutral') return 'Good';
  return conclusion === 'skipped' || conclusion === 'stale' ? 'Missing' : 'Bad';
}
