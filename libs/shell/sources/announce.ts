import { valueDigest } from '@fairlead/core/bundle';
import type { FleetDocuments } from '@fairlead/core/documents';
import type { CommitSha, Fleet, JsonObject, Source } from '@fairlead/core/model';
import type { Change, Store } from '@fairlead/ports/store';
import { wantedSources } from './wanted.ts';
import type { WantedSource } from './watcher.ts';

/** What sources and gateways are told of the fleet repository, in the fact `fleet`. */
export interface FleetNotice {
  /** The head that the planner has taken. */
  readonly head: string;
  /** The ledger's epoch there; undefined where its file cannot be read. */
  readonly epoch?: number;
  readonly credentials: Fleet['spec']['credentials'];
}

/** What sources instances follow, and with which credentials. */
export interface Wanted {
  readonly sources: readonly WantedSource[];
  /** As much of the Fleet document as says which credentials go where. */
  readonly fleet: { readonly spec: Pick<Fleet['spec'], 'credentials'> };
}

/** Key of the fact that says which head the planner has taken. */
export const fleetFact = 'fleet';
const prefix = 'wanted:';

/**
 * Writes down, for the sources role, what a head asks to be followed: facts `wanted:KEY`, one a source, since all of
 * them may exceed what one fact holds, and `fleet`. Rings `fleet` where something changed.
 */
export async function announceFleet(
  store: Store,
  {
    head,
    documents,
    epoch,
  }: { readonly head: CommitSha; readonly documents: FleetDocuments; readonly epoch?: number | undefined },
): Promise<void> {
  const before = await store.facts(prefix);
  const wanted = new Map(wantedSources(documents).map((one) => [`${prefix}${one.key}`, factOf(one)]));
  const credentials = documents.fleet?.spec.credentials ?? [];
  const notice = { head, credentials, ...(epoch === undefined ? {} : { epoch }) } as unknown as JsonObject;
  const known = await store.fact(fleetFact);
  const changes: Change[] = [
    ...[...before.keys()].filter((key) => !wanted.has(key)).map((key): Change => ({ drop: 'fact', key })),
    ...[...wanted].filter(([key]) => !before.has(key)).map(([key, value]): Change => ({ put: 'fact', key, value })),
    ...(known !== undefined && valueDigest(known) === valueDigest(notice)
      ? []
      : [{ put: 'fact', key: fleetFact, value: notice } as const]),
  ];
  if (changes.length === 0) return;
  await store.write([...changes, { put: 'outbox', row: { subject: 'fleet', payload: { head } } }]);
}

/** What the planner wrote down last. */
export async function readWanted(store: Store): Promise<Wanted> {
  const [facts, notice] = await Promise.all([store.facts(prefix), store.fact(fleetFact)]);
  const { credentials = [] } = (notice ?? {}) as Partial<FleetNotice>;
  const sources = [...facts].map(([key, value]) => ({ ...(value as unknown as Kept), key: key.slice(prefix.length) }));
  return { sources, fleet: { spec: { credentials } } };
}

type Kept = { readonly source: Source; readonly url: string; readonly team: string };

function factOf({ source, url, team }: WantedSource): JsonObject {
  return { source, url, team } as unknown as JsonObject;
}
