import { asFairleadError, type Digest, type FairleadError, type Source } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { FileTree, SourceAdapter, SourceCredentials, SourceHead } from '@fairlead/ports/source';
import type { Steps } from '@fairlead/ports/steps';
import type { Store } from '@fairlead/ports/store';
import { unsupported } from './files.ts';
import { startPulse, type Pulse } from './pulse.ts';
import { sourceState, stateFact, stateKey, type SourceState } from './states.ts';

/** One place that some application's files come from. */
export interface WantedSource {
  /** Digest of what says where to look and what a render may read: alike sources are asked once. */
  readonly key: string;
  readonly source: Source;
  /** URL without credentials, for messages and for webhooks to match. */
  readonly url: string;
  readonly team: string;
}

/** What the watcher needs. */
export interface WatcherPorts {
  readonly adapters: readonly SourceAdapter[];
  readonly store: Store;
  readonly clock: Clock;
  /** Read at use, from files beside the hub. */
  credentials(wanted: WantedSource): Promise<SourceCredentials | undefined>;
  /** Keeps the files for the renders that follow. */
  keep(digest: Digest, files: FileTree): void;
  treeDigest(files: FileTree): Digest;
  /** Who is told of looks that found something; nobody unless given. */
  readonly steps?: Steps;
}

/** Follows sources: a cheap question every `pollMs`, at once when a webhook says so. */
export interface SourceWatcher {
  /** Replaces the list of what is followed; new ones are asked at once. */
  follow(wanted: readonly WantedSource[]): void;
  /** Asks again now: the sources with this URL, or all. Resolves when they were asked. */
  check(url?: string): Promise<void>;
  /** Asks all anew and tells what it finds, whatever was told before: the store may have lost it. */
  begin(): void;
  state(key: string): SourceState | undefined;
  /** Why sources cannot be read now, each once. */
  problems(): readonly FairleadError[];
  /** Whether anything is followed, and how many questions were asked, well or not. */
  progress(): { readonly hasWork: boolean; readonly steps: number };
  close(): void;
}

interface Followed {
  readonly wanted: WantedSource;
  readonly pulse: Pulse;
  state: SourceState;
  /** The state that the store and the bus were told of last; undefined until what an earlier run found was read. */
  told: SourceState | undefined;
}

/** Starts to follow nothing; facts `source:KEY` keep what was found, and `source` on the bus tells of each change. */
export function watchSources(ports: WatcherPorts, options: { readonly pollMs: number }): SourceWatcher {
  const followed = new Map<string, Followed>();
  let asked = 0;

  const start = (wanted: WantedSource): Followed => {
    const one: Followed = {
      wanted,
      state: {},
      told: undefined,
      pulse: startPulse(ports.clock, {
        everyMs: options.pollMs,
        ask: (signal) => look(ports, one, signal).finally(() => void (asked += 1)),
        name: 'look at source',
        steps: ports.steps,
      }),
    };
    return one;
  };

  return {
    follow(wanted) {
      const keys = new Set(wanted.map((one) => one.key));
      for (const [key, one] of followed) {
        if (keys.has(key)) continue;
        one.pulse.stop();
        followed.delete(key);
      }
      for (const one of wanted) {
        if (followed.has(one.key)) continue;
        const fresh = start(one);
        followed.set(one.key, fresh);
        void fresh.pulse.ring();
      }
    },
    async check(url) {
      const asked = [...followed.values()].filter((one) => url === undefined || sameRepository(one.wanted.url, url));
      await Promise.all(asked.map((one) => one.pulse.ring()));
    },
    begin() {
      for (const one of followed.values()) {
        one.told = undefined;
        void one.pulse.ring();
      }
    },
    state: (key) => followed.get(key)?.state,
    problems: () => [...followed.values()].flatMap(({ state }) => state.problem ?? []),
    progress: () => ({ hasWork: followed.size > 0, steps: asked }),
    close() {
      for (const one of followed.values()) one.pulse.stop();
      followed.clear();
    },
  };
}

/** Asks, and tells of what is new. Never throws: what could not be told is told after the next question. */
async function look(ports: WatcherPorts, one: Followed, signal: AbortSignal): Promise<boolean> {
  const { wanted } = one;
  try {
    if (one.told === undefined) one.state = one.told = await lastState(ports, wanted);
    one.state = await ask(ports, { wanted, before: one.state, signal });
    if (signal.aborted || !changed(one.told, one.state)) return one.state.problem === undefined;
    const { state } = one;
    await tell(ports, wanted, state);
    one.told = state;
  } catch (thrown) {
    one.state = { ...one.state, problem: asFairleadError(thrown) };
  }
  return one.state.problem === undefined;
}

/** What an earlier run found, without its problem: that is asked anew. */
async function lastState({ store }: WatcherPorts, { key }: WantedSource): Promise<SourceState> {
  const { head, revision, version, digest, authors } = (await sourceState(store, key)) ?? {};
  // What an older hub found has no authors: it is fetched again.
  if (head === undefined || revision === undefined || digest === undefined || authors === undefined) return {};
  return { head, revision, digest, authors, ...(version === undefined ? {} : { version }) };
}

/** One question, and a fetch only where the answer is new. Never throws: a failure is a state. */
async function ask(
  ports: WatcherPorts,
  { wanted, before, signal }: { wanted: WantedSource; before: SourceState; signal: AbortSignal },
): Promise<SourceState> {
  try {
    const adapter = ports.adapters.find((one) => one.handles(wanted.source));
    if (!adapter) throw unsupported(wanted.url);
    const credentials = await ports.credentials(wanted);
    const access = { ...(credentials ? { credentials } : {}), signal };
    const found = await adapter.check(wanted.source, access);
    if (found.head === before.head) return known(before, found);
    const fetched = await adapter.fetch(wanted.source, { ...access, head: found.head });
    const digest = ports.treeDigest(fetched.files);
    ports.keep(digest, fetched.files);
    return {
      head: fetched.head,
      revision: fetched.revision,
      digest,
      authors: fetched.authors,
      ...(found.version === undefined ? {} : { version: found.version }),
    };
  } catch (thrown) {
    const { problem: _, ...lastGood } = before;
    return {
      ...lastGood,
      problem: asFairleadError(thrown, {
        code: 'Unavailable',
        reason: 'SourceUnavailable',
        subject: { file: wanted.url },
      }),
    };
  }
}

function known(before: SourceState, found: SourceHead): SourceState {
  const { problem: _, ...good } = before;
  return { ...good, ...(found.version === undefined ? {} : { version: found.version }) };
}

function changed(before: SourceState, after: SourceState): boolean {
  return (
    before.head !== after.head || before.version !== after.version || before.problem?.message !== after.problem?.message
  );
}

async function tell(ports: WatcherPorts, wanted: WantedSource, state: SourceState): Promise<void> {
  const { problem } = state;
  const value = stateFact(wanted, state);
  const event = {
    atMs: ports.clock.now(),
    type: problem ? 'SourceProblem' : 'SourceChanged',
    reason: problem?.reason ?? ('Current' as const),
    message: problem?.message ?? `${wanted.url} is at ${state.version ?? state.head ?? ''}`,
    details: value,
  };
  await ports.store.write([
    { put: 'fact', key: stateKey(wanted.key), value },
    { put: 'event', row: event },
    { put: 'outbox', row: { subject: 'source', payload: { url: wanted.url, key: wanted.key } } },
  ]);
}

/** True if two addresses name one repository, with or without `.git` and a slash at the end, as webhooks write them. */
export function sameRepository(a: string, b: string): boolean {
  const plain = (url: string): string =>
    url
      .replace(/\/+$/, '')
      .replace(/\.git$/, '')
      .toLowerCase();
  return plain(a) === plain(b);
}
