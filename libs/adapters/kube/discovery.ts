import { FairleadError } from '@fairlead/core/model';
import type { ResourceKind } from '@fairlead/ports/cluster';
import { aggregatedTypes, readAggregated, readPerGroup, type Catalogue, type Fetch } from './discovery.read.ts';

/** What the API server serves, read once and kept until something is missed. */
export interface Discovery {
  /** Undefined: the server does not know it. `Unavailable`: nobody knows, for its group's discovery is down. */
  find(wanted: { group: string; version?: string; kind: string }): Promise<ResourceKind | undefined>;
  /** Every kind of a group, each in its preferred version. */
  ofGroup(group: string): Promise<readonly ResourceKind[]>;
  /** The next look reads anew. */
  forget(): void;
}

/** A miss reads anew at most this often in a row, then once per refill: an unknown kind in a loop must not hammer. */
const burst = 5;
const refillMs = 2_000;

/** Keeps discovery for one server. */
export function discoveryOf(fetch: Fetch): Discovery {
  let catalogue: Catalogue | undefined;
  let forgotten = 0;
  let readAsOf = -1;
  let running: Promise<Catalogue> | undefined;
  let runningAsOf = -1;
  let next: Promise<Catalogue> | undefined;
  const mayReadAnew = tokenBucket();

  const read = async (): Promise<Catalogue> => {
    const asOf = forgotten;
    const reading = readCatalogue(fetch, catalogue);
    running = reading;
    runningAsOf = asOf;
    try {
      catalogue = await reading;
      // What was forgotten while it was read must be read once more.
      readAsOf = asOf;
      return catalogue;
    } finally {
      running = undefined;
    }
  };
  /** A reading that began before the question may be too old to answer it; those that come meanwhile share the next one. */
  const readAfterNow = (): Promise<Catalogue> => {
    if (running === undefined) return read();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return read();
      });
    return next;
  };

  const isOld = (): boolean => catalogue === undefined || readAsOf !== forgotten;
  const readOnce = (): Promise<Catalogue> =>
    running !== undefined && runningAsOf === forgotten ? running : readAfterNow();

  return {
    async ofGroup(group) {
      const known = catalogue === undefined || isOld() ? await readOnce() : catalogue;
      const kinds = new Map<string, ResourceKind>();
      for (const version of known.groups.get(group)?.versions ?? [])
        for (const [kind, found] of version.kinds) if (!kinds.has(kind)) kinds.set(kind, found);
      return [...kinds.values()];
    },
    async find(wanted) {
      if (catalogue === undefined || isOld()) {
        const first = await readOnce();
        return lookUp(first, wanted) ?? unknownIn(first, wanted);
      }
      const known = lookUp(catalogue, wanted);
      if (known !== undefined) return known;
      const latest = mayReadAnew() ? await readAfterNow() : catalogue;
      return lookUp(latest, wanted) ?? unknownIn(latest, wanted);
    },
    forget() {
      forgotten++;
    },
  };
}

/** True while the reading is within the bound. */
function tokenBucket(): () => boolean {
  let tokens = burst;
  let refilledMs = performance.now();
  return () => {
    const gained = Math.floor((performance.now() - refilledMs) / refillMs);
    if (gained > 0) {
      tokens = Math.min(burst, tokens + gained);
      refilledMs += gained * refillMs;
    }
    if (tokens === 0) return false;
    tokens--;
    return true;
  };
}

async function readCatalogue(fetch: Fetch, before: Catalogue | undefined): Promise<Catalogue> {
  const core = await fetch({ path: '/api', accept: aggregatedTypes, etag: before?.etags.core });
  const groups = await fetch({ path: '/apis', accept: aggregatedTypes, etag: before?.etags.groups });
  return readAggregated({ core, groups }, before) ?? readPerGroup(fetch, { core, groups, before });
}

function lookUp(
  catalogue: Catalogue,
  wanted: { group: string; version?: string; kind: string },
): ResourceKind | undefined {
  const versions = catalogue.groups.get(wanted.group)?.versions ?? [];
  for (const { version, kinds } of versions) {
    if (wanted.version !== undefined && wanted.version !== version) continue;
    const found = kinds.get(wanted.kind);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Undefined where the server is sure; throws where the group's own server is down and may well know the kind. */
function unknownIn(catalogue: Catalogue, wanted: { group: string; version?: string; kind: string }): undefined {
  const down = catalogue.groups
    .get(wanted.group)
    ?.versions.some((entry) => entry.down && (wanted.version ?? entry.version) === entry.version);
  if (!down) return undefined;
  throw new FairleadError(
    `Cannot look up ${wanted.kind} of ${wanted.group}: discovery of its group is down; see \`kubectl get apiservices\` for the server that does not answer`,
    {
      code: 'Unavailable',
      reason: 'ApiServerUnreachable',
      retry: 'backoff',
      subject: { object: `${wanted.group}/${wanted.kind}//` },
    },
  );
}
