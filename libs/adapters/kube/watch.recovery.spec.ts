import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { FairleadError } from '@fairlead/core/model';
import type { WatchEvent } from '@fairlead/ports/cluster';
import { startScriptedServer, type ScriptedRequest, type ScriptedServer } from '@fairlead/testkit/scripted';
import { connectCluster, type ConnectOptions } from './connect.ts';

const kind = { group: '', version: 'v1', kind: 'ConfigMap', resource: 'configmaps', namespaced: true, verbs: [] };
const endings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

type Answer = (response: ServerResponse, request: ScriptedRequest) => void;

/** A server that answers lists and watches each by its own script; the last answer of a script is repeated. */
async function watching(script: { lists: Answer[]; watches: Answer[] }, options: Partial<ConnectOptions> = {}) {
  const counts = { lists: 0, watches: 0 };
  const server = await startScriptedServer((request, response) => {
    const which = request.url.searchParams.has('watch') ? 'watches' : 'lists';
    const answers = script[which];
    answers[Math.min(counts[which]++, answers.length - 1)]?.(response, request);
  });
  const control = new AbortController();
  const api = connectCluster({
    server: server.url,
    credentials: { token: 'x' },
    watchBackoff: { firstMs: 1, lastMs: 4 },
    ...options,
  });
  endings.push(async () => {
    control.abort();
    api.close();
    await server.close();
  });
  const errors: FairleadError[] = [];
  const onError = (error: FairleadError): void => void errors.push(error);
  const watch = api.watch({ kind, metadataOnly: false, signal: control.signal, onError });
  return { server, errors, control, iterator: watch[Symbol.asyncIterator]() };
}

const json = (response: ServerResponse, body: object, head: { status: number; headers?: object }): void =>
  void response
    .writeHead(head.status, { 'Content-Type': 'application/json', ...head.headers })
    .end(JSON.stringify(body));
const item = (name: string, resourceVersion: string): object => ({ metadata: { name, resourceVersion } });
const list =
  (resourceVersion: string, ...names: string[]): Answer =>
  (response) =>
    json(
      response,
      { metadata: { resourceVersion }, items: names.map((name) => item(name, resourceVersion)) },
      { status: 200 },
    );
const status = (code: number, reason: string): object => ({ kind: 'Status', code, reason, message: `it is ${reason}` });
const failing =
  (code: number, reason: string, headers = {}): Answer =>
  (response) =>
    json(response, status(code, reason), { status: code, headers });
const events =
  (...given: (object | 'end')[]): Answer =>
  (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    for (const event of given) {
      if (event === 'end') response.end();
      else response.write(`${JSON.stringify(event)}\n`);
    }
  };
const added = (name: string, version: string): object => ({ type: 'ADDED', object: item(name, version) });
const bookmark = (version: string): object => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: version } },
});
const silent = events();

async function take(iterator: AsyncIterator<WatchEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  for (let each = 0; each < count; each += 1) {
    const { value } = (await iterator.next()) as IteratorYieldResult<WatchEvent>;
    taken.push('object' in value ? `${value.type} ${value.object.metadata.name}` : value.type);
  }
  return taken;
}

const versionsAsked = (server: ScriptedServer): (string | null)[] =>
  server.requests
    .filter((request) => request.url.searchParams.has('watch'))
    .map((request) => request.url.searchParams.get('resourceVersion'));

describe('a watch', () => {
  it('goes on where it was after the stream ends, without a new list', async () => {
    const watches = [events(added('b', '7'), 'end'), events(bookmark('9'), 'end'), events(added('c', '10'))];
    const lists = [list('5', 'a'), list('8', 'a'), list('9', 'a')];
    const { iterator, server, errors } = await watching({ lists, watches });
    expect(await take(iterator, 5)).toEqual(['Reset', 'Seen a', 'Synced', 'Seen b', 'Seen c']);
    expect(versionsAsked(server)).toEqual(['5', '7', '9']);
    expect(errors).toEqual([]);
  });

  it('goes on where it was after the connection breaks, and says so', async () => {
    let open: ServerResponse | undefined;
    const breaking: Answer = (response, request) => {
      events(added('b', '7'))(response, request);
      open = response;
    };
    const watches = [breaking, events(added('c', '8'))];
    const { iterator, server, errors } = await watching({ lists: [list('5'), list('7')], watches });
    expect(await take(iterator, 3)).toEqual(['Reset', 'Synced', 'Seen b']);
    open?.destroy();
    expect(await take(iterator, 1)).toEqual(['Seen c']);
    expect(versionsAsked(server)).toEqual(['5', '7']);
    expect(errors).toMatchObject([{ code: 'Unavailable', reason: 'ApiServerUnreachable' }]);
  });

  it('lists anew after 410, whether it comes as a status or inside the stream', async () => {
    const expired = { type: 'ERROR', object: status(410, 'Expired') };
    const watches = [failing(410, 'Expired'), events(added('b', '12'), expired), silent];
    const lists = [list('5', 'a'), list('11'), list('20', 'c')];
    const { iterator, server, errors } = await watching({ lists, watches });
    const first = ['Reset', 'Seen a', 'Synced'];
    expect(await take(iterator, 9)).toEqual([...first, 'Reset', 'Synced', 'Seen b', 'Reset', 'Seen c', 'Synced']);
    expect(errors).toEqual([]);
    expect(versionsAsked(server)).toEqual(['5', '11']);
  });

  it('lists anew, and says so, where the server goes on from an older copy of its data', async () => {
    const watches = [events(added('b', '70'), 'end'), silent];
    const { iterator, server, errors } = await watching({ lists: [list('50', 'a'), list('9', 'a')], watches });
    const first = ['Reset', 'Seen a', 'Synced', 'Seen b'];
    expect(await take(iterator, 7)).toEqual([...first, 'Reset', 'Seen a', 'Synced']);
    expect(errors).toMatchObject([{ code: 'DataLoss', message: expect.stringContaining('older copy') }]);
    void iterator.next();
    await expect.poll(() => versionsAsked(server)).toEqual(['50', '9']);
  });

  it('lists anew when rights or the kind itself went in between', async () => {
    const watches = [failing(403, 'Forbidden'), failing(404, 'NotFound'), silent];
    const { iterator, errors } = await watching({ lists: [list('5', 'a'), list('6'), list('7')], watches });
    expect(await take(iterator, 7)).toEqual(['Reset', 'Seen a', 'Synced', 'Reset', 'Synced', 'Reset', 'Synced']);
    expect(errors).toMatchObject([{ reason: 'Forbidden' }, { code: 'NotFound' }]);
  });

  it('takes nothing away while lists fail, and says why', async () => {
    const broken = [failing(500, 'InternalError'), failing(403, 'Forbidden'), list('5', 'a')];
    const { iterator, errors } = await watching({ lists: broken, watches: [silent] });
    expect(await take(iterator, 3)).toEqual(['Reset', 'Seen a', 'Synced']);
    expect(errors).toMatchObject([{ code: 'Unavailable' }, { code: 'PermissionDenied', reason: 'Forbidden' }]);
  });

  it('keeps to the pause that a server asks for', async () => {
    const lists = [failing(429, 'TooManyRequests', { 'Retry-After': '1' }), list('5')];
    const { iterator, errors } = await watching({ lists, watches: [silent] });
    const startedMs = performance.now();
    expect(await take(iterator, 2)).toEqual(['Reset', 'Synced']);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990);
    expect(errors).toMatchObject([{ code: 'ResourceExhausted', reason: 'RateLimited', retry: { afterMs: 1000 } }]);
  });

  it('lists anew when a line of the stream cannot be read', async () => {
    const garbled: Answer = (response) => void response.writeHead(200).write('{"type":"ADDED",\n');
    const { iterator, errors } = await watching({ lists: [list('5', 'a')], watches: [garbled, silent] });
    expect(await take(iterator, 6)).toEqual(['Reset', 'Seen a', 'Synced', 'Reset', 'Seen a', 'Synced']);
    expect(errors).toHaveLength(1);
  });

  it('asks for bookmarks, and for an end that is not the same for all', async () => {
    const { iterator, server } = await watching({ lists: [list('5')], watches: [events(added('b', '6'))] });
    await take(iterator, 3);
    const asked = server.requests.at(-1)?.url.searchParams;
    expect(asked?.get('allowWatchBookmarks')).toBe('true');
    expect(Number(asked?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(240);
    expect(Number(asked?.get('timeoutSeconds'))).toBeLessThanOrEqual(480);
  });

  it('ends at once when its signal aborts, also in a pause', async () => {
    const options = { watchBackoff: { firstMs: 60_000, lastMs: 60_000 } };
    const { iterator, control, errors } = await watching({ lists: [failing(500, 'x')], watches: [silent] }, options);
    const next = iterator.next();
    await expect.poll(() => errors.length).toBe(1);
    control.abort();
    expect((await next).done).toBe(true);
  });
});
