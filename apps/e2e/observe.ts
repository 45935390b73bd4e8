import { type AuditEntry, type ControlPlane, readAudit, until } from '@fairlead/testkit/kube';
import type { Fleet } from '@fairlead/testkit/fleet';
import type { Answer } from '@fairlead/wire/rest';

/** One application in one cluster, as the hub tells it. */
export type Placement = Answer<'listPlacements'>['items'][number];

const agentAccount = 'system:serviceaccount:fairlead-system:fairlead-agent';
const writing = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** True for an entry that changes something. */
export function isWrite(entry: AuditEntry): boolean {
  return writing.includes(entry.verb);
}

/** True for what the agent did outside of its own namespace: to objects of applications, and not to its own records. */
export function isOfApplications(entry: AuditEntry): boolean {
  const { objectRef } = entry;
  if (entry.user !== agentAccount || objectRef === undefined || objectRef.namespace === 'fairlead-system') return false;
  return !['events', 'selfsubjectaccessreviews', 'deliveries'].includes(objectRef.resource);
}

/** A mark in an audit log; `since` reads what came after it. */
export interface AuditMark {
  since(where: (entry: AuditEntry) => boolean): Promise<AuditEntry[]>;
}

/** Marks the end of the log as it is now. */
export async function markAudit(plane: ControlPlane): Promise<AuditMark> {
  const seen = (await readAudit(plane.auditLogPath)).length;
  return { since: async (where) => (await readAudit(plane.auditLogPath)).slice(seen).filter(where) };
}

/** A line of the log for a failure's message. */
export function entryText({ verb, requestUri, impersonatedUser = '', code }: AuditEntry): string {
  return `${verb} ${requestUri} ${code} ${impersonatedUser}`.trim();
}

/** What the hub says of an application in a cluster; undefined where it says nothing. */
export async function placementOf(
  { hub }: Fleet,
  { cluster, application }: { cluster: string; application: string },
): Promise<Placement | undefined> {
  const { items } = await hub.client.call('listPlacements', { query: { cluster, application } });
  return items[0];
}

/** Waits until what the hub says of an application in a cluster is as asked, and resolves to it. */
export async function untilPlacement(
  fleet: Fleet,
  {
    cluster,
    application,
    what,
    is,
  }: { cluster: string; application: string; what: string; is: (placement: Placement) => boolean },
): Promise<Placement> {
  let last: Placement | undefined;
  return until(
    async () => {
      last = await placementOf(fleet, { cluster, application });
      if (last && is(last)) return last;
      const [team = '', name = ''] = application.split('/');
      const defined = await fleet.hub.client
        .call('getApplication', { path: { team, name } })
        .catch((error: Error) => error.message);
      throw new Error(JSON.stringify({ placement: last, defined }));
    },
    { what: `${application} in ${cluster} to be ${what}`, timeoutMs: 120_000, pollMs: 100 },
  );
}

const quietLooks = 8;

/** Waits until the agent has had nothing to do with objects of applications for eight looks in a row. */
export async function untilQuiet(plane: ControlPlane): Promise<void> {
  let looks = 0;
  let last = -1;
  await until(
    async () => {
      const { length } = await readAudit(plane.auditLogPath, { where: isOfApplications });
      looks = length === last ? looks + 1 : 0;
      last = length;
      return looks >= quietLooks;
    },
    { what: `the agent of ${plane.name} to be at rest`, timeoutMs: 60_000, pollMs: 250 },
  );
}
