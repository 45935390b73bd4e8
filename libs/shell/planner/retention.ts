import { asFairleadError, type BundleIndex, type Digest, type FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';

/** What retention works with. */
export interface RetentionPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly onProblem: (problem: FairleadError) => void;
}

/** Bounds of {@link keepForAWhile}. */
export interface RetentionLimits {
  readonly everyMs: number;
  /** For how long a blob stays that nothing names any more: a rollback finds its bundles, and needs no render. */
  readonly unusedForMs: number;
}

const dayMs = 86_400_000;

/** Once a day, what was of no use for a week. */
export const usualRetention: RetentionLimits = { everyMs: dayMs, unusedForMs: 7 * dayMs };

/** How many blobs are judged at a time, how many bundles are read at a time, and how many turns a sweep takes at most. */
const blobsATurn = 20_000;
const bundlesAtATime = 50;
const turns = 100;

const factPrefix = 'bundle:';

/** Sweeps an interval after the start, and from then on at each; returns how to stop. */
export function keepForAWhile(ports: RetentionPorts, limits: RetentionLimits = usualRetention): () => void {
  const { store, clock, onProblem } = ports;
  let cancel = (): void => undefined;
  let isStopped = false;
  const arm = (): void => {
    if (isStopped) return;
    cancel = clock.after(limits.everyMs, () => {
      sweepBlobs(store, limits)
        .catch((thrown: unknown) => onProblem(asFairleadError(thrown)))
        .finally(arm);
    });
  };
  arm();
  return () => {
    isStopped = true;
    cancel();
  };
}

/**
 * Forgets blobs of no use: those that were neither put nor asked for in this time, and that no bundle reaches which an
 * assignment names or a render was answered with since. Everything else can be rendered again from git. Returns how many
 * went. Bounded in memory; what is left is for the next sweep.
 */
export async function sweepBlobs(store: Store, { unusedForMs }: Pick<RetentionLimits, 'unusedForMs'>): Promise<number> {
  let swept = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    const unused = await store.unusedBlobs({ unusedForMs, limit: blobsATurn });
    swept += await sweepSome(store, { unused, unusedForMs });
    if (unused.length < blobsATurn) break;
  }
  return swept;
}

async function sweepSome(
  store: Store,
  { unused, unusedForMs }: { readonly unused: readonly Digest[]; readonly unusedForMs: number },
): Promise<number> {
  if (unused.length === 0) return 0;
  const doomed = new Set(unused);
  const facts = [...(await store.facts(factPrefix))].map(([key, value]) => [key, value['digest'] as Digest] as const);
  const assigned = new Set(await store.assignedBundles());
  const isDead = (digest: Digest): boolean => doomed.has(digest) && !assigned.has(digest);
  const dead = facts.filter(([, digest]) => isDead(digest));
  await spare(store, {
    doomed,
    bundles: new Set([...assigned, ...facts.map(([, digest]) => digest).filter((digest) => !isDead(digest))]),
  });
  // The answers of renders first, then the indexes: nobody is told of a bundle whose objects are on their way out.
  await store.write(dead.map(([key]) => ({ drop: 'fact', key }) as const));
  const indexes = new Set(dead.map(([, digest]) => digest));
  const gone = await store.dropBlobs([...indexes], { unusedForMs });
  for (const digest of gone) indexes.delete(digest);
  // Those that somebody asked for a moment ago stay whole.
  await spare(store, { doomed, bundles: indexes });
  for (const digest of gone) doomed.delete(digest);
  return gone.length + (await store.dropBlobs([...doomed], { unusedForMs })).length;
}

/** Takes out what bundles reach, and notes that it is in use. */
async function spare(
  store: Store,
  { doomed, bundles }: { readonly doomed: Set<Digest>; readonly bundles: ReadonlySet<Digest> },
): Promise<void> {
  const all = [...bundles];
  for (let at = 0; at < all.length; at += bundlesAtATime) {
    const some = all.slice(at, at + bundlesAtATime);
    const rows = await store.blobs(some);
    const reached = [...some, ...rows.flatMap(({ data }) => objectsOf(data))].filter((digest) => doomed.delete(digest));
    if (reached.length > 0) await store.missingBlobs(reached);
  }
}

function objectsOf(index: Uint8Array): Digest[] {
  const { objects } = JSON.parse(new TextDecoder().decode(index)) as BundleIndex;
  return objects.map(({ digest }) => digest);
}
