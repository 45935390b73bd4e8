import { asFairleadError, isMap, type Environment, type EnvironmentName, type JsonObject } from '@fairlead/core/model';
import type { Repository } from '@fairlead/ports/repository';
import type { Change, Store } from '@fairlead/ports/store';
import type { FleetSnapshot } from './reader/snapshot.ts';
import { shortSha } from './round.ts';

/** Fact of the policies that were in force last, and of the head that had them. */
const policiesKey = 'policies';

interface Known {
  readonly head: FleetSnapshot['head'];
  readonly environments: Readonly<Record<string, Environment['spec']>>;
}

/** How many fields of a change a line names. */
const mostFields = 8;
/** How far back the commit that changed a policy is looked for. */
const searchedCommits = 200;

/** The lines of the journal that say what changed in the policies of environments since they were looked at last. */
export async function explainPolicies(
  { store, repository }: { readonly store: Store; readonly repository: Repository },
  { snapshot, nowMs }: { readonly snapshot: FleetSnapshot; readonly nowMs: number },
): Promise<Change[]> {
  const { head, documents } = snapshot;
  const known = (await store.fact(policiesKey)) as unknown as Known | undefined;
  if (known?.head === head) return [];
  const environments = Object.fromEntries([...documents.environments].map(([name, { spec }]) => [name, spec]));
  const kept: Change = { put: 'fact', key: policiesKey, value: { head, environments } as unknown as JsonObject };
  if (known === undefined) return [kept];
  const changed = Object.entries(environments).flatMap(([name, spec]) => {
    const before = known.environments[name];
    const fields = before === undefined ? [] : fieldsBetween(before, spec);
    return fields.length === 0 ? [] : [{ name, fields }];
  });
  if (changed.length === 0 && JSON.stringify(known.environments) === JSON.stringify(environments)) return [];
  const by = changed.length === 0 ? '' : await whoChanged(repository, { since: known.head, snapshot });
  return [
    kept,
    ...changed.map(({ name, fields }): Change => {
      const more = fields.length > mostFields ? `, and ${fields.length - mostFields} fields more` : '';
      const message = `The policy of ${name} is another one from now on${by}: ${fields.slice(0, mostFields).join(', ')}${more}.`;
      const environment = name as EnvironmentName;
      return { put: 'event', row: { atMs: nowMs, type: 'Policy', reason: 'PolicyChanged', message, environment } };
    }),
  ];
}

/** ` (by COMMIT of AUTHOR)`, where one commit since then touched documents; else how many did. */
async function whoChanged(
  repository: Repository,
  { since, snapshot: { head, ledgerPath } }: { since: FleetSnapshot['head']; snapshot: FleetSnapshot },
): Promise<string> {
  const found: string[] = [];
  try {
    for await (const one of repository.history(head, { until: since, limit: searchedCommits }))
      if (one.changed.some((path) => !path.startsWith(`${ledgerPath}/`)))
        found.push(`${shortSha(one.commit)} of ${one.author.name}`);
  } catch (thrown) {
    // A rewritten history has no way from the one to the other.
    if (asFairleadError(thrown).reason !== 'HistoryIncomplete') throw thrown;
  }
  if (found.length === 0) return '';
  return found.length === 1 ? ` (by ${found[0]})` : ` (by one of ${found.length} commits up to ${found[0]})`;
}

/** `rollout.maxUnavailable 10% → 25%`: the fields that differ; lists are shown as wholes. */
function fieldsBetween(before: unknown, now: unknown, path = ''): string[] {
  if (isMap(before) && isMap(now)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
    return names.flatMap((name) => fieldsBetween(before[name], now[name], path === '' ? name : `${path}.${name}`));
  }
  const [from, to] = [before, now].map((value) =>
    typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none'),
  );
  return from === to ? [] : [`${path} ${from} → ${to}`];
}
