import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  routes,
  type Answer,
  type Body,
  type Operation,
  type ProblemJson,
  type Query,
  type Route,
} from '@fairlead/wire/rest';

/** Where a hub answers, and the folder in which its authority, token and webhook secret lie. */
export interface HubAddress {
  /** `https://127.0.0.1:PORT` */
  readonly api: string;
  readonly dataDir: string;
  /** Where webhooks go, where that is another listener. */
  readonly webhooks?: string;
}

/** What an operation takes. */
export interface CallOptions<Name extends Operation> {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Query<Name>;
  readonly body?: Body<Name>;
}

/** The hub answered with a problem. */
export class HubRefusal extends Error {
  override readonly name = 'HubRefusal';
  readonly problem: ProblemJson;

  constructor(what: string, problem: ProblemJson) {
    super(`${what} answered ${problem.status} ${problem.reason}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * The status API as its administrator, by the table of its routes; every answer is checked by the table's schema. It
 * throws {@link HubRefusal} where the hub says no, and the socket's error where it cannot be reached. No retries.
 */
export interface HubClient {
  call<Name extends Operation>(name: Name, options?: CallOptions<Name>): Promise<Answer<Name>>;
  /** Any call, signed in as the administrator unless a token (or none: '') is given. */
  raw(method: string, path: string, options?: { readonly body?: unknown; readonly token?: string }): Promise<RawAnswer>;
  /** Announces a push, as forges do. Throws unless the hub takes it. */
  webhook(repositoryUrl: string): Promise<void>;
  close(): void;
}

const timeoutMs = 30_000;

interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string | undefined;
}

function send({ url, payload, ...rest }: Sent): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...rest, signal: AbortSignal.timeout(timeoutMs) });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    outgoing.end(payload);
  });
}

function pathOf(route: Route, options: CallOptions<Operation>): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const value = options.path?.[name];
    if (value === undefined) throw new Error(`Cannot call ${route.path}: path parameter ${name} is missing`);
    return encodeURIComponent(value);
  });
  const query = Object.entries((options.query ?? {}) as Record<string, unknown>).map(([key, value]) => [
    key,
    String(value),
  ]);
  return query.length === 0 ? path : `${path}?${new URLSearchParams(query as [string, string][]).toString()}`;
}

function problemOf(body: string, status: number): ProblemJson {
  const empty = { type: '', title: '', status, detail: body, code: 'Internal', reason: 'InternalError' };
  try {
    return { ...empty, ...(JSON.parse(body) as ProblemJson) };
  } catch {
    return empty;
  }
}

/** Makes the client from what the hub laid into its data folder. */
export async function createHubClient({ api, dataDir, webhooks = api }: HubAddress): Promise<HubClient> {
  const inData = async (name: string): Promise<string> => (await readFile(join(dataDir, name), 'utf8')).trim();
  const agent = new Agent({ keepAlive: true, ca: await inData('ca.pem') });
  const raw: HubClient['raw'] = async (method, path, { body, token } = {}) => {
    const bearer = token ?? (await inData('admin-token'));
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }),
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return send({ method, url: new URL(path, api), agent, headers, payload });
  };
  return {
    raw,
    async call(name, options = {}) {
      const route: Route = routes[name];
      const { status, body } = await raw(route.method, pathOf(route, options), { body: options.body });
      if (status !== 200) throw new HubRefusal(name, problemOf(body, status));
      return route.answer.parse(JSON.parse(body)) as Answer<typeof name>;
    },
    async webhook(repositoryUrl) {
      const payload = JSON.stringify({ repository: { clone_url: repositoryUrl } });
      const signature = createHmac('sha256', await inData('webhook-secret'))
        .update(payload)
        .digest('hex');
      const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
      const answer = await send({ method: 'POST', url: new URL('/webhooks/git', webhooks), agent, headers, payload });
      if (answer.status !== 202) throw new HubRefusal('webhook', problemOf(answer.body, answer.status));
    },
    close: () => agent.destroy(),
  };
}
