import type { HealthRules } from '@fairlead/core/health';
import {
  FairleadError,
  type ApplicationId,
  type BundleIndex,
  type DesiredEntry,
  type KubeObject,
  type ObjectKey,
  type Tombstone,
} from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { ClusterApi, Identity, ResourceKind } from '@fairlead/ports/cluster';
import type { AgentLog } from '../log.ts';
import type { Pace } from '../pace.ts';
import type { OwnerPolicy } from '../policy.ts';
import type { AgentState } from '../state/agentState.ts';
import type { Watchers } from '../watch/watchers.ts';

/** What an application is to run here, ready for use. */
export interface Assignment {
  readonly entry: DesiredEntry;
  readonly index: BundleIndex;
  readonly rules: HealthRules;
}

/** What is to become of an application in this cluster. */
export type Goal =
  | { readonly to: 'Run'; readonly assignment: Assignment }
  | { readonly to: 'Leave'; readonly tombstone: Tombstone }
  /** The hub says nothing of it: it stays as it is. */
  | { readonly to: 'Stay' };

/** What all loops of an agent stand on. */
export interface Ground {
  readonly cluster: ClusterApi;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly pace: Pace;
  readonly state: AgentState;
  readonly watchers: () => Watchers;
  /** The agent's own. */
  readonly namespace: string;
  readonly policy: () => OwnerPolicy;
  /** Key texts of the install manifest, which no application may touch. */
  readonly installed: ReadonlySet<string>;
}

/** The account that the install manifest binds to the profile which the owner picked. */
export const applier = 'fairlead-applier';

/** Accounts beside the agent that are no application's: its own, and the one that may write its Deployment. */
const reserved: ReadonlySet<string> = new Set(['fairlead-agent', 'fairlead-upgrader']);

/** The identity of a service account beside the agent. Throws where there is none: no write has the agent's own rights. */
export function accountOf(
  serviceAccount: string,
  ground: Pick<Ground, 'namespace' | 'policy'>,
  application: ApplicationId,
): Identity {
  const refuse = (why: string): FairleadError =>
    new FairleadError(`Cannot write for ${application}: ${why}`, {
      code: 'PermissionDenied',
      reason: 'OwnerPolicyForbids',
      subject: { application },
      retry: 'backoff',
    });
  if (serviceAccount === '') throw refuse('its bundle names no service account; name one in the Team document');
  if (reserved.has(serviceAccount))
    throw refuse(`${serviceAccount} is the agent's own account; name another one in the Team document`);
  const allowed = ground.policy().serviceAccounts;
  if (allowed.length > 0 && !allowed.includes(serviceAccount))
    throw refuse(
      `the owner of the cluster allows the service accounts ${allowed.join(', ')} only, and it uses ${serviceAccount}`,
    );
  return { as: 'serviceAccount', namespace: ground.namespace, name: serviceAccount };
}

/** Reads an object with the agent's rights, or where these do not reach, with the application's. */
export async function look(
  ground: Pick<Ground, 'cluster'>,
  kind: ResourceKind,
  options: { key: Pick<ObjectKey, 'namespace' | 'name'>; account: Identity; metadataOnly?: boolean },
): Promise<KubeObject | undefined> {
  const how = { metadataOnly: options.metadataOnly ?? false };
  try {
    return await ground.cluster.get(kind, options.key, how);
  } catch (error) {
    if (!(error instanceof FairleadError) || error.reason !== 'Forbidden') throw error;
    return ground.cluster.get(kind, options.key, { ...how, identity: options.account });
  }
}
