import { accounts } from '@fairlead/core/install';
import type { Fleet, Team } from '@fairlead/core/model';
import type { TeamBounds } from './checks.ts';

/**
 * What the fleet's documents allow the renders of a team. A team without a Team document has the bounds of `default`:
 * every kind and namespace, as `fairlead-applier`; whether there may be such a team was decided when the fleet was read.
 * Plain Secrets are refused if Fleet or Team says so.
 */
export function boundsOf(
  name: string,
  documents: { readonly fleet: Fleet | undefined; readonly teams: ReadonlyMap<string, Team> },
): TeamBounds {
  const team = documents.teams.get(name);
  const refuse = documents.fleet?.spec.secrets === 'Refuse' || team?.spec.secrets === 'Refuse';
  return {
    name,
    serviceAccount: team?.spec.serviceAccount ?? accounts.applier,
    namespaces: team?.spec.namespaces ?? [],
    allowKinds: team?.spec.kinds.allow ?? [],
    denyKinds: team?.spec.kinds.deny ?? [],
    secrets: refuse ? 'Refuse' : 'Allow',
  };
}
