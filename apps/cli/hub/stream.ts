import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { FairleadError } from '@fairlead/core/model';
import type { EventView } from '@fairlead/wire/rest';
import { open, readText, type Bounds } from './http.ts';
import { jsonOf, problemError } from './problem.ts';
import type { Profile } from './profile.ts';

/** What the watch gives: that it stands (again), or a line of the journal. */
export type Line = { readonly type: 'Open' } | { readonly type: 'Event'; readonly event: EventView };

interface FollowOptions {
  readonly signal: AbortSignal;
  /** The last line that was seen; those after it follow. */
  readonly afterId?: number;
  readonly bounds: Bounds;
  readonly pausesMs?: readonly number[] | undefined;
}

const usualPausesMs = [200, 500, 1_000, 2_000, 5_000, 5_000, 5_000, 5_000];
/** A watch that stays silent is alive as long as its comments come; after this it is dialled anew. */
const silenceMs = 5 * 60_000;
const longestLine = 1024 * 1024;

/**
 * Server-sent events of `/api/v1/watch`. A connection that breaks is dialled again where it left off (`Last-Event-ID`),
 * with growing pauses; after as many failures in a row as there are pauses it throws. Ends when the signal aborts.
 */
export async function* follow(hub: Profile, options: FollowOptions): AsyncGenerator<Line, void, undefined> {
  const { signal, pausesMs = usualPausesMs } = options;
  let lastId = options.afterId;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const line of read(hub, { ...options, lastId })) {
        if (line.type === 'Event') lastId = line.event.id;
        failures = 0;
        yield line;
      }
    } catch (thrown) {
      if (signal.aborted) return;
      if (!(thrown instanceof FairleadError) || thrown.retry === 'never' || failures >= pausesMs.length) throw thrown;
    }
    await pause(pausesMs[failures] ?? 0, undefined, { signal }).catch(() => undefined);
    failures += 1;
  }
}

async function* read(
  hub: Profile,
  { signal, bounds, lastId }: FollowOptions & { readonly lastId: number | undefined },
): AsyncGenerator<Line, void, undefined> {
  const answer = await open(
    hub,
    {
      method: 'GET',
      path: '/api/v1/watch',
      headers: {
        accept: 'text/event-stream, application/problem+json',
        ...(lastId === undefined ? {} : { 'last-event-id': String(lastId) }),
      },
      signal,
    },
    { ...bounds, answerMs: silenceMs },
  );
  const status = answer.statusCode ?? 0;
  if (status !== 200) throw problemError({ status, text: await readText(hub, answer, bounds) });
  yield { type: 'Open' };
  let data: string[] = [];
  try {
    for await (const line of linesOf(answer)) {
      if (line.startsWith('data:')) data.push(line.slice(5));
      if (line !== '' || data.length === 0) continue;
      const event = jsonOf(data.join('\n')) as EventView | undefined;
      data = [];
      if (typeof event?.id === 'number') yield { type: 'Event', event };
    }
  } catch (thrown) {
    throw broken(hub, thrown);
  } finally {
    answer.destroy();
  }
}

/** Lines of a text as they come, each of at most {@link longestLine} characters. */
async function* linesOf(answer: IncomingMessage): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of answer as AsyncIterable<Buffer>) {
    rest += decoder.decode(piece, { stream: true });
    if (rest.length > longestLine) throw new Error(`a line is longer than ${longestLine} characters`);
    const lines = rest.split(/\r?\n/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

function broken(hub: Profile, thrown: unknown): FairleadError {
  return new FairleadError(`Cannot follow the hub at ${hub.server}: ${(thrown as Error).message}.`, {
    code: 'Unavailable',
    reason: 'HubUnreachable',
    retry: 'backoff',
    cause: thrown,
  });
}
