import type { ClusterName } from '@fairlead/core/model';
import type { Change, Guard, Hello } from '@fairlead/ports/store';

/** A call that is gathered with others into one transaction. */
export type Call =
  | { readonly kind: 'write'; readonly changes: readonly Change[]; readonly guard: Guard | undefined }
  | { readonly kind: 'hello'; readonly cluster: ClusterName; readonly hello: Hello };

/** What must be read and locked before calls can be judged. Names are sorted, for locks are taken in one order. */
export interface Needs {
  readonly fence: boolean;
  readonly clusters: readonly string[];
  readonly facts: readonly string[];
}

/** Says what the calls need. */
export function needsOf(calls: readonly Call[]): Needs {
  const clusters = new Set<string>();
  const guarded = new Set<string>();
  const written = new Set<string>();
  let fence = false;
  for (const call of calls) {
    if (call.kind === 'hello') {
      clusters.add(call.cluster);
      continue;
    }
    const { guard, changes } = call;
    fence ||= guard?.fence !== undefined;
    if (guard?.session) clusters.add(guard.session.cluster);
    if (guard?.fact) guarded.add(guard.fact.key);
    for (const change of changes) {
      const cluster = memberOf(change);
      if (cluster !== undefined) clusters.add(cluster);
      const fact = factOf(change);
      if (fact !== undefined) written.add(fact);
    }
  }
  // Where one fact is locked before the writing, all are: else two hubs could wait for each other.
  const facts = guarded.size === 0 ? [] : new Set([...guarded, ...written]);
  return { fence, clusters: [...clusters].sort(), facts: [...facts].sort() };
}

/** The cluster whose own row a change is about. */
function memberOf(change: Change): string | undefined {
  if ('drop' in change) return change.drop === 'cluster' ? change.cluster : undefined;
  return change.put === 'head' || change.put === 'contact' ? change.row.cluster : undefined;
}

function factOf(change: Change): string | undefined {
  if ('drop' in change) return change.drop === 'fact' ? change.key : undefined;
  return change.put === 'fact' ? change.key : undefined;
}
