import type { GitHttpRequest, GitHttpResponse, HttpClient as GitHttp } from 'isomorphic-git';
import { failure, garbled, statusFailure } from '../failures.ts';
import type { HttpAnswer, HttpClient } from '../http.ts';

/** For whom a call is made and what ends it early. */
export interface Access {
  readonly credentials?: { readonly username?: string; readonly password?: string } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The server does not give out an object that was asked for by its name. */
export class NotOurRef extends Error {}

/** What bounds a transport, and what it refuses. */
export interface TransportOptions {
  /** Of the repository, without credentials. */
  readonly url: string;
  readonly client: HttpClient;
  readonly access: Access;
  readonly maxBytes: number;
  /** Refuse a server whose own copy lacks history. */
  readonly wholeHistory?: boolean;
}

const maxRedirects = 3;

function authorization({ credentials }: Access): Record<string, string> {
  if (credentials?.password === undefined && credentials?.username === undefined) return {};
  const pair = `${credentials.username ?? 'git'}:${credentials.password ?? ''}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function retryAfterMs(answer: HttpAnswer): number | undefined {
  const seconds = Number(answer.headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3600) * 1000 : undefined;
}

/** Where a redirect leads, if it stays on the server: credentials and the team's list of sources are for that one. */
function redirected(url: string, from: string, answer: HttpAnswer): string {
  const target = new URL(answer.headers['location']?.toString() ?? '', from);
  const old = new URL(from);
  const upgraded =
    old.protocol === 'http:' &&
    target.protocol === 'https:' &&
    old.hostname === target.hostname &&
    old.port === '' &&
    target.port === '';
  if (target.origin === old.origin || upgraded) return target.href;
  throw failure(
    url,
    `Cannot read ${url}: the server redirects to ${target.origin}, and another server is not followed. Write that URL in the document if it is meant.`,
    { code: 'FailedPrecondition', reason: 'SourceNotFound', retry: 'backoff' },
  );
}

async function bodyOf(body: GitHttpRequest['body'] | readonly Uint8Array[]): Promise<Buffer | undefined> {
  if (body === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Refusals that a git server writes into an answer with status 200. */
function refusal(options: TransportOptions, answer: HttpAnswer): Error | undefined {
  const { url } = options;
  const head = answer.body.toString('latin1', 4, 400);
  if (head.startsWith('ERR ')) {
    const words = (head.slice(4).split('\n')[0] ?? '').trim();
    return /not our ref|unadvertised/i.test(words) ? new NotOurRef(words) : garbled(url, words);
  }
  const listing = answer.headers['content-type'] === 'application/x-git-upload-pack-advertisement';
  const cut =
    listing && options.wholeHistory ? /0035shallow ([0-9a-f]{40})/.exec(answer.body.toString('latin1')) : undefined;
  if (!cut) return undefined;
  return failure(
    url,
    `Cannot read the history of ${url}: the server's own copy is cut at ${cut[1]}. Push the whole history to it (git fetch --unshallow, then git push).`,
    { code: 'FailedPrecondition', reason: 'HistoryIncomplete', retry: 'backoff' },
  );
}

function checked(options: TransportOptions, answer: HttpAnswer): HttpAnswer {
  if (answer.status !== 200) {
    const said = answer.headers['content-type']?.toString().startsWith('text/plain') ?? false;
    const words = said ? answer.body.toString('utf8', 0, 400) : '';
    throw statusFailure(options.url, { status: answer.status, words, retryAfterMs: retryAfterMs(answer) });
  }
  const refused = refusal(options, answer);
  if (refused) throw refused;
  return answer;
}

/**
 * The HTTP client that isomorphic-git speaks through, for one call: it adds the credentials, for the repository's own
 * server only, bounds time and size, follows redirects on that server, and makes refusals into our errors.
 */
export function gitTransport(options: TransportOptions): GitHttp {
  const { url, client, access, maxBytes } = options;
  let base = url;

  async function send(request: GitHttpRequest, target: string, body: Buffer | undefined): Promise<HttpAnswer> {
    const headers = { 'user-agent': 'git/fairlead', ...request.headers, ...authorization(access) };
    return await client.request({
      method: request.method ?? 'GET',
      url: target,
      headers,
      maxBytes,
      signal: access.signal,
      ...(body ? { body } : {}),
    });
  }

  return {
    async request(request): Promise<GitHttpResponse> {
      const suffix = request.url.slice(url.length);
      const body = await bodyOf(request.body);
      let target = base + suffix;
      let answer = await send(request, target, body);
      for (let hop = 0; answer.status >= 300 && answer.status < 400 && request.method === 'GET'; hop += 1) {
        if (hop === maxRedirects) throw garbled(url, `more than ${maxRedirects} redirects`);
        target = redirected(url, target, answer);
        answer = await send(request, target, body);
      }
      checked(options, answer);
      if (target.endsWith(suffix)) base = target.slice(0, -suffix.length);
      const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
      const content = answer.body;
      const once = (async function* () {
        yield content as Uint8Array;
      })();
      return {
        url: request.url,
        method: request.method ?? 'GET',
        statusCode: answer.status,
        statusMessage: answer.statusText,
        headers,
        body: once,
      };
    },
  };
}
