import { isGone, type FleetDocuments, type Ledger } from '@fairlead/core/documents';
import type { ApplicationId } from '@fairlead/core/model';

type NamedKind = 'Environment' | 'Application' | 'Cluster' | 'Team';

/**
 * The documents of a commit, completed by the last good state of those that it has in a form that cannot be used. A
 * document that is gone stays gone: only what is broken is carried.
 */
export function carryDocuments(now: FleetDocuments, before: FleetDocuments | undefined): FleetDocuments {
  if (!before || now.broken.length === 0) return now;
  const carry = <Key extends string, Value>(
    kind: NamedKind,
    current: ReadonlyMap<Key, Value>,
    last: ReadonlyMap<Key, Value>,
  ): ReadonlyMap<Key, Value> => {
    const kept = [...last].filter(([name]) => !current.has(name) && !isGone(now, { kind, name }));
    return kept.length === 0 ? current : new Map([...current, ...kept]);
  };
  const applications = carry('Application', now.applications, before.applications);
  const definedAt = new Map([...before.definedAt, ...now.definedAt]);
  const fleetBroken = now.broken.some((one) => one.kind === undefined || one.kind === 'Fleet');
  return {
    ...now,
    fleet: now.fleet ?? (fleetBroken ? before.fleet : undefined),
    environments: carry('Environment', now.environments, before.environments),
    applications,
    clusters: carry('Cluster', now.clusters, before.clusters),
    teams: carry('Team', now.teams, before.teams),
    definedAt,
    held: holdCarried(
      { ...now, definedAt },
      [...applications.keys()].filter((id) => !now.applications.has(id)),
    ),
  };
}

/**
 * An application that is only carried keeps what it runs, and nothing new of it is promoted: its last good state was
 * never checked against the teams and environments of today.
 */
function holdCarried(now: FleetDocuments, carried: readonly ApplicationId[]): FleetDocuments['held'] {
  const held = new Map(now.held);
  for (const id of carried) {
    const file = now.definedAt.get(id)?.file;
    const cause = now.problems.find((problem) => problem.subject.file === file) ?? now.problems[0];
    if (cause) held.set(id, [...(held.get(id) ?? []), cause]);
  }
  return held;
}

/** The same for the ledger: a file that is there and cannot be used keeps its last good state. */
export function carryLedger(now: Ledger, before: Ledger | undefined): Ledger {
  if (!before) return now;
  const releases = [...before.releases].filter(([key]) => now.brokenReleases.has(key));
  const members = [...before.members].filter(([name]) => now.brokenMembers.has(name));
  if (releases.length + members.length === 0) return now;
  return { ...now, releases: new Map([...now.releases, ...releases]), members: new Map([...now.members, ...members]) };
}
