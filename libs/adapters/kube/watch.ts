import type { IncomingMessage } from 'node:http';
import { asFairleadError, FairleadError, parseJson, type KubeObject } from '@fairlead/core/model';
import { apiError, type WatchEvent, type WatchOptions } from '@fairlead/ports/cluster';
import { failureInWatch } from './answers.ts';
import type { Wire } from './http.ts';
import { linesOf } from './lines.ts';
import { collectionPath, keyIn, withQuery } from './paths.ts';
import { readPages, withKind } from './pages.ts';
import { refusal } from './refusals.ts';

/** The pauses after failures: the first, doubled each time, never above the last; each with jitter. */
export interface Backoff {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What the watch loop works with. */
export interface WatchTools {
  readonly wire: Wire;
  readonly pageLimit: number;
  readonly backoff: Backoff;
}

/** Longest line of a watch: an object is a few megabytes at most, by etcd's own bound on a request. */
const longestLine = 16 * 1024 * 1024;
/** The server ends a watch after a time in this range, so that thousands of agents do not come back at once. */
const watchSeconds = { least: 240, most: 480 };
/** Bookmarks come about once a minute; a connection silent for longer is half-open. */
const idleMs = 150_000;
/** A watch that lived this long was a success: the pauses begin anew. */
const settledMs = 10_000;

interface Cursor {
  /** Where the watch goes on; undefined: list first. */
  resourceVersion: string | undefined;
  /** Something came since the last pause. */
  moved: boolean;
  /** The last stream did not live to its time: nobody knows what became of the server meanwhile. */
  doubted: boolean;
}

/** Lists, watches, and comes back by itself until the signal aborts: the semantics are those of `ClusterApi.watch`. */
export async function* watchObjects(tools: WatchTools, options: WatchOptions): AsyncGenerator<WatchEvent> {
  const cursor: Cursor = { resourceVersion: undefined, moved: false, doubted: false };
  let failures = 0;
  while (!options.signal.aborted) {
    cursor.moved = false;
    const startedMs = performance.now();
    let error: FairleadError | undefined;
    try {
      if (cursor.doubted && cursor.resourceVersion !== undefined) await goBackIfRestored(tools, options, cursor);
      if (cursor.resourceVersion === undefined) yield* list(tools, options, cursor);
      yield* follow(tools, options, cursor);
    } catch (thrown) {
      error = asFairleadError(thrown, { code: 'Unavailable', reason: 'ApiServerUnreachable' });
    }
    if (options.signal.aborted) return;
    if (error !== undefined) options.onError?.(error);
    const livedMs = performance.now() - startedMs;
    cursor.doubted = error !== undefined || livedMs < watchSeconds.least * 1000;
    const settled = livedMs >= settledMs;
    // A stream that ended in order after it brought something is opened again at once.
    if (error === undefined && (cursor.moved || settled)) {
      failures = 0;
      continue;
    }
    failures = settled ? 1 : failures + 1;
    await pause(pauseMs(tools.backoff, failures, error), options.signal);
  }
}

async function* list(tools: WatchTools, options: WatchOptions, cursor: Cursor): AsyncGenerator<WatchEvent> {
  const { kind, namespace, selector, metadataOnly, identity, signal } = options;
  let resourceVersion: string | undefined;
  for await (const page of readPages(tools, { kind, namespace, selector, metadataOnly, identity, signal })) {
    // Opened only now: a list that cannot even begin takes nothing away from what the caller has seen.
    if (resourceVersion === undefined) yield { type: 'Reset' };
    resourceVersion ??= page.resourceVersion;
    for (const object of page.objects) yield { type: 'Seen', object };
  }
  cursor.resourceVersion = resourceVersion;
  cursor.moved = true;
  yield { type: 'Synced' };
}

/**
 * A server whose data were set back to an older copy goes on from an older version, and a watch from a newer one would
 * be open and silent for ever. Then everything is listed anew.
 */
async function goBackIfRestored(tools: WatchTools, options: WatchOptions, cursor: Cursor): Promise<void> {
  const { kind, namespace, selector, identity, signal } = options;
  const one = { wire: tools.wire, pageLimit: 1 };
  for await (const page of readPages(one, { kind, namespace, selector, metadataOnly: true, identity, signal })) {
    const seen = cursor.resourceVersion ?? '';
    if (isOlder(page.resourceVersion, seen)) {
      cursor.resourceVersion = undefined;
      options.onError?.(setBack(kind.resource, { seen, now: page.resourceVersion }));
    }
    return;
  }
}

/** Versions of one resource are ordered numbers (KEP-5504); of others nothing can be said. */
function isOlder(version: string, than: string): boolean {
  const areNumbers = /^\d+$/.test(version) && /^\d+$/.test(than);
  return areNumbers && BigInt(version) < BigInt(than);
}

function setBack(resource: string, { seen, now }: { seen: string; now: string }): FairleadError {
  return new FairleadError(
    `Cannot go on watching ${resource}: the API server is at version ${now}, and ${seen} was seen of it; its data were restored from an older copy, and everything is read anew`,
    { code: 'DataLoss', reason: 'LiveStateUnknown' },
  );
}

async function* follow(tools: WatchTools, options: WatchOptions, cursor: Cursor): AsyncGenerator<WatchEvent> {
  const stream = await openStream(tools, options, cursor);
  if (stream === undefined) return;
  try {
    for await (const line of linesOf(stream as AsyncIterable<Buffer>, longestLine)) {
      const event = parseJson(line) as { type?: string; object?: KubeObject };
      if (event.type === 'ERROR') {
        failedInStream(options, cursor, event.object);
        return;
      }
      const object = event.object;
      if (object === undefined) continue;
      const shown = event.type === 'BOOKMARK' ? undefined : withKind(options.kind, object, options.metadataOnly);
      if (shown !== undefined) yield { type: event.type === 'DELETED' ? 'Gone' : 'Seen', object: shown };
      // Only now: an event that the caller has not taken is asked for again after a break.
      cursor.resourceVersion = object.metadata.resourceVersion ?? cursor.resourceVersion;
      cursor.moved = true;
    }
  } catch (error) {
    // The line was too long or no JSON: going on behind it would lose it, so everything is listed anew.
    if (error instanceof RangeError || error instanceof SyntaxError) cursor.resourceVersion = undefined;
    throw error;
  } finally {
    stream.destroy();
  }
}

/** Undefined where the server no longer has the version: the caller lists again. */
async function openStream(
  tools: WatchTools,
  options: WatchOptions,
  cursor: Cursor,
): Promise<IncomingMessage | undefined> {
  const { kind, namespace, selector, metadataOnly, identity, signal } = options;
  const timeoutSeconds = watchSeconds.least + Math.floor(Math.random() * (watchSeconds.most - watchSeconds.least));
  const query = {
    watch: 1,
    allowWatchBookmarks: true,
    resourceVersion: cursor.resourceVersion,
    timeoutSeconds,
    labelSelector: selector,
  };
  const opened = await tools.wire.open(
    {
      verb: 'watch',
      method: 'GET',
      path: withQuery(collectionPath(kind, namespace), query),
      accept: metadataOnly
        ? 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=1,application/json'
        : 'application/json',
      identity: identity ?? { as: 'self' },
      signal,
    },
    idleMs,
  );
  if (opened.body !== undefined) return opened.body;
  // 403 and 404: rights or the kind itself went and may come back with other objects, so what follows is listed anew.
  if ([403, 404, 410].includes(opened.status)) cursor.resourceVersion = undefined;
  if (opened.status === 410) return undefined;
  throw refusal({ verb: 'watch', kind, key: { namespace: namespace ?? '' } }, opened);
}

/** 410 is how a server says "list again"; whatever else it says is an error, after which the watch goes on where it was. */
function failedInStream(options: WatchOptions, cursor: Cursor, object: unknown): void {
  const failure = failureInWatch(object);
  if (failure.status === 410 || failure.reason === 'Expired' || failure.reason === 'Gone') {
    cursor.resourceVersion = undefined;
    return;
  }
  throw apiError({ verb: 'watch', object: keyIn(options.kind, { namespace: options.namespace ?? '' }) }, failure);
}

function pauseMs(backoff: Backoff, failures: number, error: FairleadError | undefined): number {
  const ceiling = Math.min(backoff.lastMs, backoff.firstMs * 2 ** Math.min(failures - 1, 20));
  const jittered = ceiling / 2 + (Math.random() * ceiling) / 2;
  const asked = typeof error?.retry === 'object' ? error.retry.afterMs : 0;
  return Math.max(jittered, asked);
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    signal.addEventListener('abort', end);
  });
}
