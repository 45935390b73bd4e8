import type { ApplicationId, ClusterName, EnvironmentName } from '@fairlead/core/model';
import type { Person } from '@fairlead/roles/http';
import type { TokenPorts } from '@fairlead/shell/gateway';
import type { Author, FleetReader, PeopleActions } from '@fairlead/shell/planner';
import { createJoin } from './join.ts';
import type { Actions } from './writes.ts';

/** What people's actions need. */
export interface ActionParts {
  readonly actions: PeopleActions;
  readonly fleet: Pick<FleetReader, 'current'>;
  readonly tokens: TokenPorts;
  readonly caPem: string;
  /** `HOST:PORT` that agents dial for enrolment. */
  address(): string;
}

/** The commit is made under the person's name, which may be an address. */
function authorOf({ name }: Person): Author {
  return name.includes('@')
    ? { name: name.slice(0, name.indexOf('@')), email: name }
    : { name, email: `${name}@fairlead.invalid` };
}

function placeOf({ application, environment }: { application: string; environment: string }) {
  return { application: application as ApplicationId, environment: environment as EnvironmentName };
}

/** Maps calls of the API to ledger commits and join tokens. */
export function peoplesActions(parts: ActionParts): Actions {
  const { actions, fleet } = parts;
  const serviceAccounts = (): string[] =>
    [...(fleet.current()?.documents.teams.values() ?? [])].map(({ spec }) => spec.serviceAccount);
  return {
    createJoin: createJoin({ ...parts, serviceAccounts }),
    async removeCluster(given, person) {
      const { commit } = await actions.clusterRemove({ cluster: given.cluster as ClusterName }, authorOf(person));
      return { commit, message: `The membership of ${given.cluster} ended; its workloads stay as they are.` };
    },
    async promote({ release, reason, ...place }, person) {
      const request = {
        ...placeOf(place),
        ...(release === undefined ? {} : { release }),
        ...(reason === undefined ? {} : { reason }),
      };
      const { commit } = await actions.promote(request, authorOf(person));
      return { commit, message: `Promoted ${place.application} into ${place.environment}.` };
    },
    async approve({ release, reason, ...place }, person) {
      const more = { ...(release === undefined ? {} : { release }), ...(reason === undefined ? {} : { reason }) };
      const { commit } = await actions.approve({ ...placeOf(place), ...more }, authorOf(person));
      return { commit, message: `Approved ${place.application} for ${place.environment}.` };
    },
    async rollback({ reason, ...place }, person) {
      const { commit } = await actions.rollback({ ...placeOf(place), reason }, authorOf(person));
      return { commit, message: `Rolled ${place.application} back in ${place.environment}.` };
    },
    async resume({ reason, ...place }, person) {
      const { commit } = await actions.resume(
        { ...placeOf(place), ...(reason === undefined ? {} : { reason }) },
        authorOf(person),
      );
      return { commit, message: `Resumed ${place.application} in ${place.environment}.` };
    },
    async hold({ reason, ...place }, person) {
      const { commit } = await actions.hold({ ...placeOf(place), reason }, authorOf(person));
      return { commit, message: `Held ${place.application} in ${place.environment}.` };
    },
    async freeze({ cluster, reason }, person) {
      const { commit } = await actions.freeze({ cluster: cluster as ClusterName, reason }, authorOf(person));
      return { commit, message: `Froze ${cluster}: it keeps what it runs, and is given nothing new.` };
    },
    async thaw({ cluster }, person) {
      const { commit } = await actions.freeze({ cluster: cluster as ClusterName }, authorOf(person));
      return { commit, message: `Thawed ${cluster}: it catches up.` };
    },
    async acknowledge(given, person) {
      const { commit } = await actions.acknowledge(given, authorOf(person));
      return { commit, message: `Acknowledged ${given.kind} ${given.subject}.` };
    },
  };
}
