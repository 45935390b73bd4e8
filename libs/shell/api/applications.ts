import {
  FairleadError,
  sourcesOf,
  splitApplicationId,
  urlOf,
  type Application,
  type ApplicationId,
} from '@fairlead/core/model';
import { decidedOf } from './decisions.ts';
import { problemView } from './fleet.ts';
import { inputProblems } from './inputs.ts';
import { pageOf, type PageRequest } from './pages.ts';
import { optional } from './optional.ts';
import type { FleetInForce, ReadPorts } from './ports.ts';

/** What is known of one source of an application. */
export interface SourceFacts {
  readonly revision?: string;
  readonly version?: string;
  readonly problem?: { readonly reason: string; readonly message: string };
}

/** {@link ReadPorts} and what the sources role found. */
export interface ApplicationPorts extends ReadPorts {
  source(application: ApplicationId, name: string): Promise<SourceFacts | undefined>;
}

/** Applications by name. */
export async function listApplications(
  ports: ApplicationPorts,
  query: PageRequest & { readonly team?: string | undefined },
) {
  const fleet = ports.fleet();
  const ids = [...(fleet?.documents.applications.keys() ?? [])]
    .filter((id) => query.team === undefined || splitApplicationId(id).team === query.team)
    .sort();
  const page = pageOf(ids, { ...query, key: (id) => id });
  return { ...page, items: await Promise.all(page.items.map((id) => applicationView(ports, id))) };
}

/** One application. Throws `FairleadError` (NotFound). */
export async function getApplication(ports: ApplicationPorts, id: ApplicationId) {
  if (ports.fleet()?.documents.applications.has(id)) return applicationView(ports, id);
  throw new FairleadError(
    `Cannot show ${id}: the fleet repository defines no such application. See \`fairlead apps\`.`,
    { code: 'NotFound', reason: 'NotFound', subject: { application: id } },
  );
}

async function applicationView(ports: ApplicationPorts, id: ApplicationId) {
  const fleet = ports.fleet();
  const definition = fleet?.documents.applications.get(id);
  const { team } = splitApplicationId(id);
  const sources = definition ? sourcesOf(definition) : {};
  return {
    application: id as string,
    team,
    sources: await Promise.all(
      Object.entries(sources).map(async ([name, source]) => {
        const facts = await ports.source(id, name);
        return {
          name,
          url: urlOf(source),
          ...optional('revision', facts?.revision),
          ...optional('version', facts?.version),
          ...optional('problem', facts?.problem && { ...facts.problem }),
        };
      }),
    ),
    pipeline:
      fleet && definition
        ? await Promise.all(
            definition.spec.pipeline.map(({ environment }) => stepView(ports, { fleet, definition, id, environment })),
          )
        : [],
    problems: [...problemsAbout(fleet, id).map(problemView), ...(await inputProblems(ports, id))],
  };
}

/** What is wrong with an application's own document, a document that is broken beside it, or its references. */
function problemsAbout(fleet: FleetInForce | undefined, id: ApplicationId): FairleadError[] {
  const named = (fleet?.problems ?? []).filter((problem) => problem.subject.application === id);
  return [...new Set([...named, ...(fleet?.documents.held.get(id) ?? [])])];
}

interface Step {
  readonly fleet: FleetInForce;
  readonly definition: Application;
  readonly id: ApplicationId;
  readonly environment: string;
}

/** What one environment runs of the application, and why it stands where it stands. */
async function stepView(ports: ReadPorts, { fleet, id, environment }: Step) {
  const { team, name } = splitApplicationId(id);
  const key = `${environment}/${team}/${name}`;
  const file = fleet.ledger.releases.get(key)?.spec;
  const decided = await decidedOf(ports, key);
  return {
    environment,
    ...optional('version', file?.version),
    ...optional('release', file?.digest as string | undefined),
    ...optional('attempt', fleet.named.get(key)?.[0]?.commit as string | undefined),
    clusters: fleet.placement.applications.get(id)?.get(environment)?.length ?? 0,
    inSync: decided?.counts.inSync ?? 0,
    healthy: decided?.counts.healthy ?? 0,
    rollout: decided?.state ?? 'Waiting',
    ...optional('halted', file?.halted && { attempt: file.halted.attempt, reason: file.halted.reason }),
    ...optional('hold', file?.hold),
    ...optional('fallback', fallbackOf(fleet, key)),
    rejected: (file?.rejected ?? []).map(({ digest, reason }) => ({ digest: digest as string, reason })),
    ...optional('next', decided?.next && { ...decided.next }),
    waitsFor: (decided?.gates ?? []).filter(({ verdict }) => verdict !== 'Pass').map(({ gate }) => gate),
    reason: (decided?.why.reason ?? 'NoCandidate') as string,
    message: decided?.why.message ?? '',
  };
}

/** The promotion that a rollback leads to; none where it named the release that is in force, as after a rollback. */
function fallbackOf({ ledger, named }: FleetInForce, key: string): string | undefined {
  const { fallback, digest } = ledger.releases.get(key)?.spec ?? {};
  const there = named.get(key)?.find(({ commit }) => commit === fallback);
  return there?.digest === digest ? undefined : fallback;
}
