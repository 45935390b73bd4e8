import { FairleadError, type ClusterName } from '@fairlead/core/model';
import type { RenderCluster } from '@fairlead/core/placement';
import { usable, type Fleet } from './fleet.ts';

/** What the command line says of a cluster that is no member, or not yet. */
export interface Assumed {
  readonly labels?: Readonly<Record<string, string>>;
  readonly kubernetes?: string;
}

/** The cluster as git knows it, with what the command line assumes over it. Throws NotFound for one that nobody knows. */
export function clusterOf(fleet: Fleet, name: string, assumed: Assumed): RenderCluster {
  usable(fleet, { broken: fleet.ledger.brokenMembers.has(name), file: `clusters/${name}.yaml` });
  const member = fleet.ledger.members.get(name);
  const kubernetesVersion = assumed.kubernetes ?? member?.spec.kubernetes;
  const labels = assumed.labels ?? fleet.placement.labels.get(name as ClusterName);
  if (kubernetesVersion !== undefined && labels !== undefined) return { name, labels, kubernetesVersion };
  const known = [...fleet.ledger.members.keys()].join(', ') || 'no member';
  throw new FairleadError(
    `Cannot render for ${name}: the ledger of the checkout has ${known}. Name a member, or say what to assume with --labels env=prod --kubernetes v1.36.1.`,
    { code: 'NotFound', reason: 'NotAMember', subject: { cluster: name } },
  );
}
