import {
  asFairleadError,
  keyOf,
  keyText,
  trackingKey,
  type FairleadError,
  type KubeObject,
  type ObjectKey,
} from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { ClusterApi, Identity, ResourceKind } from '@fairlead/ports/cluster';
import { pause } from '../hub/pause.ts';
import type { AgentLog } from '../log.ts';

/** What is known of a live object that carries the tracking label, whosever it is. */
export interface Sighting {
  readonly key: ObjectKey;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Value of the tracking label. */
  readonly label: string;
  /** Value of the tracking annotation: TEAM/NAME; empty where it has none. */
  readonly owner: string;
}

/** What a watch tells of objects, in order. */
export interface WatchListener {
  /** `whole` tells the body from bare metadata. */
  seen(object: KubeObject, whole: boolean): void;
  /** It no longer matches the selector: deleted, or without the label. Only a GET tells which. */
  gone(key: ObjectKey): void;
  /** A list is complete: what {@link Watchers.sighting} does not know was not in it. */
  listed(kind: ResourceKind): void;
}

/** One watch a kind, shared by all applications. */
export interface Watchers {
  /** Watches the kind from now on; resolves when its first list was seen. Whole wins over metadata-only. */
  watch(want: WatchWant): Promise<void>;
  /** Ends the watches of kinds that nobody in `wanted` (GROUP/KIND) names. */
  keep(wanted: ReadonlySet<string>): void;
  /** The labelled live object of a key, if its kind is watched. */
  sighting(key: ObjectKey): Sighting | undefined;
  /** True if the kind's list is complete and its watch stands. */
  isSynced(kind: Pick<ResourceKind, 'group' | 'kind'>): boolean;
}

/** A kind to watch. */
export interface WatchWant {
  readonly kind: ResourceKind;
  readonly whole: boolean;
  /** Whose rights are used where the agent's own do not reach. */
  readonly fallback: Identity;
}

interface KindWatch {
  readonly kind: ResourceKind;
  readonly whole: boolean;
  readonly abort: AbortController;
  readonly first: PromiseWithResolvers<void>;
  readonly sightings: Map<string, Sighting>;
  synced: boolean;
}

/** A watch ends by itself only where something is wrong; it is begun again after this. */
const beginAgainMs = 5000;

/** Options of {@link createWatchers}. */
export interface WatchersOptions {
  readonly cluster: ClusterApi;
  readonly clock: Clock;
  readonly listener: WatchListener;
  readonly log: AgentLog;
  readonly signal: AbortSignal;
  /** Told when the API server's data are older than what was seen of them: whatever is remembered may be untrue. */
  readonly setBack?: (error: FairleadError) => void;
}

/** `GROUP/KIND`, as {@link Watchers.keep} takes it. */
export function kindText(kind: { group: string; kind: string }): string {
  return `${kind.group}/${kind.kind}`;
}

/** Makes the watches of an agent; each ends with the signal. */
export function createWatchers(options: WatchersOptions): Watchers {
  const watches = new Map<string, KindWatch>();
  const begin = (want: WatchWant): KindWatch => {
    const watch: KindWatch = {
      kind: want.kind,
      whole: want.whole,
      abort: new AbortController(),
      first: Promise.withResolvers<void>(),
      sightings: new Map(),
      synced: false,
    };
    watches.set(kindText(want.kind), watch);
    void follow(options, watch, [{ as: 'self' }, want.fallback]);
    return watch;
  };
  return {
    watch(want) {
      const known = watches.get(kindText(want.kind));
      if (known && (known.whole || !want.whole) && known.kind.version === want.kind.version) return known.first.promise;
      known?.abort.abort();
      const begun = begin(want);
      // Whoever waits for the one that was replaced waits for this one.
      if (known) void begun.first.promise.then(known.first.resolve);
      return begun.first.promise;
    },
    keep(wanted) {
      for (const [text, watch] of watches) {
        if (wanted.has(text)) continue;
        watch.abort.abort();
        watches.delete(text);
      }
    },
    sighting: (key) => watches.get(kindText(key))?.sightings.get(keyText(key)),
    isSynced: (kind) => watches.get(kindText(kind))?.synced ?? false,
  };
}

/** Follows a kind until it is no longer wanted: as the agent, and where that is forbidden as whoever may. */
async function follow(options: WatchersOptions, watch: KindWatch, identities: readonly Identity[]): Promise<void> {
  const signal = AbortSignal.any([options.signal, watch.abort.signal]);
  for (let which = 0; !signal.aborted;) {
    const identity = identities[which] ?? { as: 'self' };
    const mayFallBack = which + 1 < identities.length;
    const end = await followAs(options, watch, { identity, mayFallBack, signal });
    if (end === 'Forbidden') which += 1;
    else await pause(options.clock, beginAgainMs, signal);
  }
}

interface Attempt {
  readonly identity: Identity;
  readonly mayFallBack: boolean;
  readonly signal: AbortSignal;
}

async function followAs(options: WatchersOptions, watch: KindWatch, by: Attempt): Promise<'Ended' | 'Forbidden'> {
  const { kind, whole } = watch;
  const attempt = new AbortController();
  let end: 'Ended' | 'Forbidden' = 'Ended';
  const failed = (error: FairleadError): void => {
    watch.synced = false;
    if (by.signal.aborted) return;
    options.log.warn('watch.failed', { kind: kindText(kind), reason: error.reason, error: error.message });
    if (error.code === 'DataLoss') options.setBack?.(error);
    if (error.reason !== 'Forbidden' || !by.mayFallBack) return;
    end = 'Forbidden';
    attempt.abort();
  };
  const signal = AbortSignal.any([by.signal, attempt.signal]);
  try {
    const events = options.cluster.watch({
      kind,
      selector: trackingKey,
      metadataOnly: !whole,
      signal,
      identity: by.identity,
      onError: failed,
    });
    let listed: Set<string> | undefined;
    for await (const event of events) {
      if (signal.aborted) break;
      if (event.type === 'Reset') listed = new Set();
      else if (event.type === 'Seen') {
        listed?.add(take(watch, event.object));
        options.listener.seen(event.object, whole);
      } else if (event.type === 'Gone') lose(options, watch, keyOf(event.object));
      else {
        for (const [text, { key }] of watch.sightings) if (listed && !listed.has(text)) lose(options, watch, key);
        listed = undefined;
        watch.synced = true;
        options.listener.listed(kind);
        watch.first.resolve();
      }
    }
  } catch (thrown) {
    failed(asFairleadError(thrown));
  }
  return end;
}

function take(watch: KindWatch, object: KubeObject): string {
  const key = keyOf(object);
  const text = keyText(key);
  watch.sightings.set(text, {
    key,
    uid: object.metadata.uid ?? '',
    resourceVersion: object.metadata.resourceVersion ?? '',
    label: object.metadata.labels?.[trackingKey] ?? '',
    owner: object.metadata.annotations?.[trackingKey] ?? '',
  });
  return text;
}

function lose(options: WatchersOptions, watch: KindWatch, key: ObjectKey): void {
  watch.sightings.delete(keyText(key));
  options.listener.gone(key);
}
