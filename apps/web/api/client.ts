import { routes, type Answer, type Body, type Operation, type Query, type Route } from '@fairlead/wire/rest';
import { jsonOf } from './json.ts';
import { Refusal, refusalOf, unreachable } from './refusal.ts';

/** What an operation takes. */
export interface Given<Name extends Operation> {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Query<Name>;
  readonly body?: Body<Name>;
  readonly signal?: AbortSignal;
}

/** The status API as the person of one token, by the table of its routes. Throws {@link Refusal}. */
export interface Client {
  call<Name extends Operation>(name: Name, given?: Given<Name>): Promise<Answer<Name>>;
  /** The answer of a path as it comes, for streams. */
  open(
    path: string,
    init: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
  ): Promise<Response>;
}

interface Sent extends Omit<RequestInit, 'headers'> {
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes the client of a token, which goes into a header and nowhere else. */
export function clientOf(token: string): Client {
  const send = async (path: string, { headers: more, ...init }: Sent): Promise<Response> => {
    const headers = { ...more, authorization: `Bearer ${token}` };
    try {
      return await fetch(path, { ...init, headers, cache: 'no-store', credentials: 'omit', redirect: 'error' });
    } catch (thrown) {
      throw init.signal?.aborted ? thrown : unreachable();
    }
  };
  return {
    async call(name, given = {}) {
      const { method }: Route = routes[name];
      const { body, signal } = given;
      const answer = await send(addressOf(routes[name], given), {
        method,
        headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
      const text = await answer.text().catch((thrown: unknown) => {
        throw signal?.aborted ? thrown : unreachable();
      });
      if (answer.status !== 200) throw refusalOf({ status: answer.status, text });
      const parsed = routes[name].answer.safeParse(jsonOf(text));
      if (parsed.success) return parsed.data as Answer<typeof name>;
      const reason = 'InternalError';
      throw new Refusal('Cannot read the answer: the hub is of another version than this page. Load the page again.', {
        status: answer.status,
        reason,
      });
    },
    async open(path, init) {
      const answer = await send(path, init);
      if (answer.status !== 200) throw refusalOf({ status: answer.status, text: await answer.text() });
      return answer;
    },
  };
}

/** Path and query of an operation. */
export function addressOf(
  route: Route,
  { path = {}, query }: { readonly path?: Readonly<Record<string, string>>; readonly query?: unknown },
): string {
  const filled = route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(path[name] ?? ''));
  const pairs = Object.entries((query ?? {}) as Record<string, unknown>).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, `${value as string | number}`]],
  );
  return pairs.length === 0 ? filled : `${filled}?${new URLSearchParams(pairs).toString()}`;
}
