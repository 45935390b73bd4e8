import { setTimeout as pause } from 'node:timers/promises';
import { FairleadError } from '@fairlead/core/model';
import { routes, type Answer, type Body, type Operation, type Query, type Route } from '@fairlead/wire/rest';
import { bounds, open, readText, type Bounds } from './http.ts';
import { jsonOf, problemError } from './problem.ts';
import type { Profile } from './profile.ts';
import { follow, type Line } from './stream.ts';

/** What an operation takes: parameters of its path, its query, its body. */
interface Given<Name extends Operation> {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: { readonly [Key in keyof Query<Name>]?: Query<Name>[Key] | undefined };
  readonly body?: Body<Name>;
}

/** Operations whose answer is a page. */
type Listing = { [Name in Operation]: Answer<Name> extends { items: unknown[] } ? Name : never }[Operation];
type ItemOf<Name extends Listing> = Answer<Name> extends { items: (infer Item)[] } ? Item : never;

/** The status API of one hub, made from the table of its routes. Every method throws `FairleadError`. */
export interface HubClient {
  readonly server: string;
  call<Name extends Operation>(name: Name, given?: Given<Name>): Promise<Answer<Name>>;
  /** All pages of a list, up to `limit` items; {@link mostItems} if it is not given. `pageSize` where a page holds fewer than 500. */
  list<Name extends Listing>(
    name: Name,
    query?: Given<Name>['query'],
    options?: { readonly limit?: number; readonly pageSize?: number },
  ): Promise<ItemOf<Name>[]>;
  /** The journal as it is written; see {@link follow}. */
  watch(options: { readonly signal: AbortSignal; readonly afterId?: number }): AsyncIterable<Line>;
}

/** How many items a list is read to. */
const mostItems = 100_000;
const usualPageSize = 500;

/** How a client waits. */
export interface ClientOptions {
  readonly bounds?: Bounds;
  /** Pauses before a GET is tried again. */
  readonly pausesMs?: readonly number[];
}

/** Makes the client of a hub; nothing is dialled before the first call. Only GETs are tried again. */
export function hubClient(hub: Profile, options: ClientOptions = {}): HubClient {
  const limits = options.bounds ?? bounds;
  const pausesMs = options.pausesMs ?? [200, 800];

  const once = async (route: Route, given: Given<Operation>): Promise<unknown> => {
    const answer = await open(
      hub,
      { method: route.method, path: pathOf(route, given), body: given.body },
      boundsOf(route, limits),
    );
    const text = await readText(hub, answer, limits);
    const status = answer.statusCode ?? 0;
    if (status !== 200) throw problemError({ status, text, retryAfter: answer.headers['retry-after'] });
    return jsonOf(text);
  };

  const call = async <Name extends Operation>(name: Name, given: Given<Name> = {}): Promise<Answer<Name>> => {
    const route: Route = routes[name];
    const pauses = route.method === 'GET' ? pausesMs : [];
    const value = await repeated(() => once(route, given as Given<Operation>), pauses);
    if (routes[name].answer.safeParse(value).success) return value as Answer<Name>;
    throw new FairleadError(
      `Cannot read the answer of the hub to ${name}: it has another form than this CLI knows. Use the CLI of the hub's version.`,
      { code: 'Internal', reason: 'InternalError', subject: { object: name } },
    );
  };

  return {
    server: hub.server,
    call,
    async list(name, query = {}, { limit = mostItems, pageSize = usualPageSize } = {}) {
      const items: unknown[] = [];
      let cursor: string | undefined;
      do {
        const asked = { ...query, limit: Math.min(pageSize, limit - items.length), cursor };
        const page = (await call(name, { query: asked })) as { items: unknown[]; next?: string };
        items.push(...page.items);
        cursor = page.items.length > 0 ? page.next : undefined;
      } while (cursor !== undefined && items.length < limit);
      return items.slice(0, limit) as ItemOf<typeof name>[];
    },
    watch: (given) => follow(hub, { ...given, bounds: limits, pausesMs: options.pausesMs }),
  };
}

/** Some operations ask agents, and wait for them. */
function boundsOf({ answerWithinMs = 0 }: Route, limits: Bounds): Bounds {
  return { ...limits, answerMs: Math.max(limits.answerMs, answerWithinMs) };
}

function pathOf(route: Route, { path = {}, query = {} }: Given<Operation>): string {
  const filled = route.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(path[name] ?? ''));
  const pairs = Object.entries(query as Record<string, unknown>).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, `${value as string | number}`]],
  );
  return pairs.length === 0 ? filled : `${filled}?${new URLSearchParams(pairs).toString()}`;
}

/** Tries again where the error says that it may help, after the pauses given; longer waits that the hub asks for end it. */
async function repeated<T>(work: () => Promise<T>, pausesMs: readonly number[]): Promise<T> {
  for (const ms of pausesMs) {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof FairleadError) || thrown.retry === 'never') throw thrown;
      const asked = typeof thrown.retry === 'object' ? thrown.retry.afterMs : ms;
      if (asked > 5_000) throw thrown;
      await pause(asked);
    }
  }
  return work();
}
