import type { ClusterName } from '@fairlead/core/model';
import type { Store } from './port.ts';
import type { ClusterRow } from './rows.ts';

/** What leases are kept in. */
interface LeaseTables {
  readonly clusters: Map<string, ClusterRow>;
  /** Of which role each instance is, and until when it counts as alive. */
  readonly instances: Map<string, { readonly role: string; readonly untilMs: number }>;
  readonly lead: { fence: number; holder: string | undefined; untilMs: number };
}

/** The lead and the instances of the fake. A lease has run out at the moment that it names. */
export function leases(
  { clusters, instances, lead }: LeaseTables,
  now: () => number,
): Pick<Store, 'lead' | 'resign' | 'beat' | 'sweepInstances' | 'instances'> {
  return {
    async lead({ holder, ttlMs }) {
      const nowMs = now();
      if (lead.holder !== holder) {
        if (lead.holder !== undefined && lead.untilMs > nowMs) return undefined;
        lead.fence += 1;
        lead.holder = holder;
      }
      lead.untilMs = nowMs + ttlMs;
      return lead.fence;
    },
    async resign(holder) {
      if (lead.holder === holder) lead.holder = undefined;
    },
    async beat({ instance, role, ttlMs }) {
      const isNew = !instances.has(instance);
      instances.set(instance, { role, untilMs: now() + ttlMs });
      return isNew;
    },
    async sweepInstances() {
      const nowMs = now();
      for (const [instance, { untilMs }] of instances) if (untilMs <= nowMs) instances.delete(instance);
      const left = [...clusters.values()].filter(
        (row) => row.connected && (row.gateway === undefined || !instances.has(row.gateway)),
      );
      for (const row of left) clusters.set(row.cluster, { ...row, connected: false });
      return left.map(({ cluster }): ClusterName => cluster).sort();
    },
    async instances(role) {
      const nowMs = now();
      const alive = [...instances].filter(([, one]) => one.role === role && one.untilMs > nowMs);
      return alive.map(([instance]) => instance).sort();
    },
  };
}
