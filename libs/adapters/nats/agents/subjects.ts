import { isName, type ClusterName } from '@fairlead/core/model';

const root = 'fairlead.v1.agent';

/** Gateways share the requests for streams by this queue group. */
export const gatewayGroup = 'gateways';

/** A subject and who may speak there. `*` stands for every cluster. */
export const subjects = {
  /** The agent asks for a stream. */
  connect: (cluster: ClusterName | '*'): string => `${root}.${cluster}.connect`,
  /** From the agent. */
  up: (cluster: ClusterName | '*', stream: string): string => `${root}.${cluster}.up.${stream}`,
  /** To the agent. */
  down: (cluster: ClusterName | '*', stream: string): string => `${root}.${cluster}.down.${stream}`,
} as const;

/** The cluster that a connect subject is of: the broker lets nobody but this cluster publish there. */
export function clusterOf(connectSubject: string): ClusterName | undefined {
  const cluster = connectSubject.split('.')[3] ?? '';
  return isName(cluster) && connectSubject === subjects.connect(cluster as ClusterName)
    ? (cluster as ClusterName)
    : undefined;
}

/** What a NATS user may do; everything else is denied. */
export interface Rights {
  readonly pub: { readonly allow: string[] };
  readonly sub: { readonly allow: string[]; readonly deny?: string[] };
}

/** One cluster's agent: its own subjects only, and no queue group, which would share what comes down with another. */
export function agentRights(cluster: ClusterName): Rights {
  const down = subjects.down(cluster, '*');
  return {
    pub: { allow: [subjects.connect(cluster), subjects.up(cluster, '*')] },
    sub: { allow: [down], deny: [`${down} >`] },
  };
}

/** The hub's gateways. */
export function gatewayRights(): Rights {
  return {
    pub: { allow: [subjects.down('*', '*')] },
    sub: { allow: [`${subjects.connect('*')} ${gatewayGroup}`, subjects.up('*', '*')] },
  };
}

/** Where the inbox of the hub's revoker is, and no other's. */
export const revokerInbox = '_INBOX_FAIRLEAD_REVOKER';

/** Where servers hear what an account is from now on, and answer. */
export function claimsSubject(account: string): string {
  return `$SYS.REQ.ACCOUNT.${account}.CLAIMS.UPDATE`;
}

/** The hub in the system account: it may say what one account is, and hear the answers. */
export function revokerRights(account: string): Rights {
  return { pub: { allow: [claimsSubject(account)] }, sub: { allow: [`${revokerInbox}.>`] } };
}

/**
 * A leaf node near the agents, as the hub's broker holds it: what its agents say and hear passes, and it can be no
 * gateway.
 */
export function leafRights(): Rights {
  return {
    pub: { allow: [subjects.connect('*'), subjects.up('*', '*')] },
    sub: { allow: [subjects.down('*', '*')] },
  };
}
