import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A pull request as the server has it. */
export interface GithubPullRequest {
  readonly number: number;
  readonly branch: string;
  readonly base: string;
  title: string;
  body: string;
  state: 'Open' | 'Merged' | 'Closed';
  readonly comments: string[];
}

/** What goes wrong at the server. */
export interface GithubFaults {
  /** Answers 503. */
  down: boolean;
  /** Answers 401. */
  credentialsRefused: boolean;
  /** Answers 403 with the head of an exhausted share; seconds until it begins anew. */
  limitedForSeconds: number | undefined;
}

/** The part of GitHub's REST API that is about pull requests, on loopback, with the shapes of its documentation. */
export interface GithubServer {
  /** Base URL of the API. */
  readonly url: string;
  readonly faults: GithubFaults;
  /** All that were ever opened, the oldest first. */
  readonly pulls: readonly GithubPullRequest[];
  /** `METHOD PATH` of each request. */
  readonly requests: readonly string[];
  /** What a person does who presses the button; `merged` of the options moves the branch. */
  merge(number: number): Promise<void>;
  close(number: number): void;
  /** Says something of a commit, as a status or as the run of a check, with the words of GitHub. */
  say(commit: string, word: CommitWord): void;
  stop(): Promise<void>;
}

/** A word on a commit: a status with its `state`, or a check run with its `status` and `conclusion`. */
export type CommitWord =
  | { readonly context: string; readonly state: 'error' | 'failure' | 'pending' | 'success' }
  | { readonly name: string; readonly status: string; readonly conclusion: string | null };

/** Options of {@link startGithub}. */
export interface GithubServerOptions {
  readonly owner: string;
  readonly repository: string;
  readonly token: string;
  /** Merges a branch in the git server beside it. */
  readonly merged?: (branch: string) => Promise<void>;
}

/** Starts it. */
export async function startGithub(options: GithubServerOptions): Promise<GithubServer> {
  const pulls: GithubPullRequest[] = [];
  const said = new Map<string, CommitWord[]>();
  const requests: string[] = [];
  const faults: GithubFaults = { down: false, credentialsRefused: false, limitedForSeconds: undefined };
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    void bodyOf(request).then((body) => answer({ options, pulls, said, faults }, { request, body, response }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = (number: number): GithubPullRequest => {
    const found = pulls[number - 1];
    if (!found) throw new Error(`Cannot find pull request ${number}: there are ${pulls.length}`);
    return found;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    pulls,
    requests,
    async merge(number) {
      if (at(number).state !== 'Open')
        throw new Error(`Cannot merge pull request ${number}: it is ${at(number).state}`);
      await options.merged?.(at(number).branch);
      at(number).state = 'Merged';
    },
    close: (number) => void (at(number).state = 'Closed'),
    say: (commit, word) => void said.set(commit, [word, ...(said.get(commit) ?? [])]),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface State {
  readonly options: GithubServerOptions;
  readonly pulls: GithubPullRequest[];
  /** Words by commit, the newest first. */
  readonly said: ReadonlyMap<string, readonly CommitWord[]>;
  readonly faults: GithubFaults;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly body: Readonly<Record<string, string>>;
  readonly response: ServerResponse;
}

function answer(state: State, exchange: Exchange): void {
  const { options, faults } = state;
  const { request, response } = exchange;
  const say = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(body));
  };
  if (faults.down) return say(503, { message: 'Service unavailable' });
  if (faults.limitedForSeconds !== undefined) {
    const reset = String(Math.ceil(Date.now() / 1000) + faults.limitedForSeconds);
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    return say(403, { message: 'API rate limit exceeded for user ID 1.' }, headers);
  }
  const [, given] = /^(?:token|bearer) (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (faults.credentialsRefused || given !== options.token) return say(401, { message: 'Bad credentials' });
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [, commit, what] = /^\/repos\/[^/]+\/[^/]+\/commits\/([^/]+)\/(status|check-runs)$/.exec(url.pathname) ?? [];
  if (commit !== undefined)
    return say(200, what === 'status' ? statusesOf(state, commit) : runsOf(state, { commit, query: url.searchParams }));
  const prefix = `/repos/${options.owner}/${options.repository}/`;
  const path = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : '';
  const found = route(state, { method: request.method ?? '', path, query: url.searchParams, body: exchange.body });
  say(found.status, found.body);
}

/** The combined status: of each context the newest. */
function statusesOf({ said }: State, commit: string): unknown {
  const statuses = (said.get(commit) ?? []).filter((word) => 'context' in word);
  const newest = statuses.filter(({ context }, at) => statuses.findIndex((one) => one.context === context) === at);
  return { state: 'pending', sha: commit, total_count: newest.length, statuses: newest };
}

function runsOf({ said }: State, { commit, query }: { commit: string; query: URLSearchParams }): unknown {
  const runs = (said.get(commit) ?? []).filter((word) => 'name' in word && word.name === query.get('check_name'));
  return { total_count: runs.length, check_runs: runs };
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, string>>;
}

const notFound = { status: 404, body: { message: 'Not Found' } };

function route(state: State, { method, path, query, body }: Call): { status: number; body: unknown } {
  const { pulls, options } = state;
  if (method === 'GET' && path === 'pulls') {
    const found = pulls.filter(
      ({ branch, base, state: now }) =>
        query.get('head') === `${options.owner}:${branch}` && query.get('base') === base && now === 'Open',
    );
    return { status: 200, body: found.map((pull) => shown(state, pull)) };
  }
  if (method === 'POST' && path === 'pulls') return opened(state, body);
  const [, kind, digits, rest] = /^(pulls|issues)\/(\d+)(\/comments)?$/.exec(path) ?? [];
  const pull = pulls[Number(digits) - 1];
  if (!pull) return notFound;
  if (kind === 'issues' && rest && method === 'POST') {
    pull.comments.push(body['body'] ?? '');
    return { status: 201, body: { id: 1, body: body['body'] } };
  }
  if (kind !== 'pulls' || rest) return notFound;
  if (method === 'PATCH') {
    pull.title = body['title'] ?? pull.title;
    pull.body = body['body'] ?? pull.body;
    if (body['state'] === 'closed' && pull.state === 'Open') pull.state = 'Closed';
  }
  return { status: 200, body: shown(state, pull) };
}

function opened(state: State, body: Call['body']): { status: number; body: unknown } {
  const { pulls, options } = state;
  const { head = '', base = '', title = '', body: text = '' } = body;
  if (pulls.some(({ branch, state: now }) => branch === head && now === 'Open')) {
    const message = `A pull request already exists for ${options.owner}:${head}.`;
    const errors = [{ resource: 'PullRequest', code: 'custom', message }];
    return { status: 422, body: { message: 'Validation Failed', errors } };
  }
  const pull: GithubPullRequest = {
    number: pulls.length + 1,
    branch: head,
    base,
    title,
    body: text,
    state: 'Open',
    comments: [],
  };
  pulls.push(pull);
  return { status: 201, body: shown(state, pull) };
}

function shown({ options }: State, { number, branch, base, title, body, state }: GithubPullRequest): unknown {
  const mergedAt = state === 'Merged' ? '2026-01-01T00:00:00Z' : null;
  return {
    number,
    html_url: `https://github.example/${options.owner}/${options.repository}/pull/${number}`,
    state: state === 'Open' ? 'open' : 'closed',
    merged_at: mergedAt,
    title,
    body,
    head: { ref: branch },
    base: { ref: base },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, string>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
}
