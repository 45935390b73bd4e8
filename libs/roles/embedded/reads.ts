import { sourcesOf, type ApplicationId, type Connection, type FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { ClusterRow, Store } from '@fairlead/ports/store';
import type { ApplicationPorts, Decided, FleetInForce } from '@fairlead/shell/api';
import { sourceKey, type SourceWatcher } from '@fairlead/shell/sources';

/** What the hub's roles know, as the api role asks for it. */
export interface Known {
  readonly store: Store;
  readonly clock: Clock;
  readonly fleetUrl: string;
  readonly watcher: SourceWatcher;
  connection(row: ClusterRow | undefined): Connection;
  fleet(): FleetInForce | undefined;
  troubles(): readonly FairleadError[];
  decided(key: string): Promise<Decided | undefined>;
}

/** Joins them into what answers are made from. */
export function readPorts(known: Known): ApplicationPorts {
  const { store, clock, watcher } = known;
  return {
    store,
    clock,
    repository: known.fleetUrl,
    fleet: () => known.fleet(),
    troubles: () => known.troubles(),
    decided: (key) => known.decided(key),
    connection: (row) => known.connection(row),
    source(application: ApplicationId, name: string) {
      const definition = known.fleet()?.documents.applications.get(application);
      const source = definition && sourcesOf(definition)[name];
      const state = source && watcher.state(sourceKey(source, definition.spec.team));
      if (!state) return undefined;
      const { revision, version, problem } = state;
      return {
        ...(revision === undefined ? {} : { revision }),
        ...(version === undefined ? {} : { version }),
        ...(problem === undefined ? {} : { problem: { reason: problem.reason, message: problem.message } }),
      };
    },
  };
}
