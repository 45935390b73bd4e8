import { connectionOf, silenceOf } from '@fairlead/core/connection';
import { sourcesOf, type ApplicationId, type FairleadError } from '@fairlead/core/model';
import type { FleetView } from '@fairlead/roles/fleet';
import type { Ground } from '@fairlead/roles/ground';
import type { ApplicationPorts } from '@fairlead/shell/api';
import { readReport } from '@fairlead/shell/planner';
import { sourceKey, sourceProblems, sourceState } from '@fairlead/shell/sources';
import { watchLeader } from './leader.ts';

/** What the api role answers from: the store, and its own reading of the fleet repository. */
export function readPorts(
  { store, clock }: Ground,
  parts: { readonly fleet: FleetView; readonly fleetUrl: string; problem(): FairleadError | undefined },
): ApplicationPorts {
  const { fleet } = parts;
  const silent = watchLeader({ store, clock });
  return {
    store,
    clock,
    repository: parts.fleetUrl,
    fleet: () => fleet.current(),
    async troubles() {
      const [report, sources, leaderless] = await Promise.all([readReport(store), sourceProblems(store), silent()]);
      return distinct([parts.problem(), leaderless, ...report.troubles, ...sources]);
    },
    connection(row) {
      const policy = silenceOf(fleet.current()?.documents.fleet);
      return connectionOf(row, { nowMs: clock.now(), policy }).connection;
    },
    async source(application: ApplicationId, name: string) {
      const definition = fleet.current()?.documents.applications.get(application);
      const source = definition && sourcesOf(definition)[name];
      const state = source && (await sourceState(store, sourceKey(source, definition.spec.team)));
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

function distinct(problems: readonly (FairleadError | undefined)[]): FairleadError[] {
  const byMessage = new Map<string, FairleadError>();
  for (const problem of problems) if (problem) byMessage.set(problem.message, problem);
  return [...byMessage.values()];
}
