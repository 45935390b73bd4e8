import { releaseKey, splitReleaseKey } from '@fairlead/core/documents';
import {
  applicationId,
  dependenciesIn,
  isVerificationGate,
  splitApplicationId,
  verifiedBy,
  type ApplicationId,
  type EnvironmentName,
  type Gate,
  type PipelineEntry,
} from '@fairlead/core/model';
import type { FleetSnapshot } from './reader/snapshot.ts';

/** What is planned at a time: one application in one environment. */
export interface Unit {
  /** ENVIRONMENT/TEAM/NAME. */
  readonly key: string;
  readonly application: ApplicationId;
  readonly environment: EnvironmentName;
  readonly team: string;
  readonly name: string;
}

/** The unit of an application in an environment. */
export function unitOf(application: ApplicationId, environment: string): Unit {
  const { team, name } = splitApplicationId(application);
  return {
    key: releaseKey({ environment, team, name }),
    application,
    environment: environment as EnvironmentName,
    team,
    name,
  };
}

/** Reads ENVIRONMENT/TEAM/NAME. */
export function unitOfKey(key: string): Unit {
  const { environment, team, name } = splitReleaseKey(key);
  return unitOf(applicationId(team, name), environment);
}

/** Every unit that git names: where a pipeline leads, and where the ledger ever put a release. */
export function unitsOf(snapshot: FleetSnapshot): ReadonlyMap<string, Unit> {
  const units = new Map<string, Unit>();
  for (const [id, { spec }] of snapshot.documents.applications) {
    for (const { environment } of spec.pipeline) units.set(unitOf(id, environment).key, unitOf(id, environment));
  }
  for (const key of [...snapshot.named.keys(), ...snapshot.ledger.releases.keys()]) units.set(key, unitOfKey(key));
  return units;
}

/** The entry of the pipeline that leads to the unit; undefined when none does. */
export function entryOf(snapshot: FleetSnapshot, unit: Unit): PipelineEntry | undefined {
  const application = snapshot.documents.applications.get(unit.application);
  return application?.spec.pipeline.find((entry) => entry.environment === unit.environment);
}

/** Whether promotions into the unit's environment are asked of people, who merge them. */
export function asksPeople({ documents }: Pick<FleetSnapshot, 'documents'>, { environment }: Unit): boolean {
  const mode = documents.environments.get(environment)?.spec.ledger?.mode ?? documents.fleet?.spec.ledger.mode;
  return mode === 'PullRequest';
}

/**
 * Gates of an entry: the environment's windows and gates, then the pipeline's own. Nobody waits for itself, and where no
 * environment comes before, an environment's verification has nowhere to run.
 */
export function gatesAt(
  { documents }: Pick<FleetSnapshot, 'documents'>,
  { unit, entry }: { unit: Unit; entry: PipelineEntry },
): Gate[] {
  const { windows = [], gates = [] } = documents.environments.get(unit.environment)?.spec ?? {};
  const isFirst = afterOf(entry).names.length === 0;
  const others = gates.filter(
    (gate) =>
      !('dependency' in gate && gate.dependency.application === unit.application) &&
      !(isFirst && isVerificationGate(gate)),
  );
  return [...(windows.length === 0 ? [] : [{ window: windows }]), ...others, ...entry.gates];
}

const waiters = new WeakMap<FleetSnapshot, ReadonlyMap<string, readonly string[]>>();

/** Keys of the units whose gates wait for an application, by its name; looked up once for each head. */
function waitersIn(snapshot: FleetSnapshot): ReadonlyMap<string, readonly string[]> {
  const known = waiters.get(snapshot);
  if (known !== undefined) return known;
  const found = new Map<string, string[]>();
  for (const [id, { spec }] of snapshot.documents.applications) {
    for (const entry of spec.pipeline) {
      const unit = unitOf(id, entry.environment);
      for (const other of dependenciesIn(gatesAt(snapshot, { unit, entry })))
        found.set(other, [...(found.get(other) ?? []), unit.key]);
    }
  }
  waiters.set(snapshot, found);
  return found;
}

/**
 * Keys of the units that news of applications concern: all of theirs, since gates and occupancy look from one environment
 * at the next, and those whose gates wait for them.
 */
export function unitsAbout(snapshot: FleetSnapshot, applications: ReadonlySet<string>): Set<string> {
  const about = new Set([...applications].map((id) => verifiedBy(id as ApplicationId)));
  const own = [...unitsOf(snapshot).values()].filter(({ application }) => about.has(application));
  const waiting = [...about].flatMap((application) => waitersIn(snapshot).get(application) ?? []);
  return new Set([...own.map(({ key }) => key), ...waiting]);
}

const verifying = new WeakMap<FleetSnapshot, ReadonlySet<ApplicationId>>();

/** Applications that verify what enters some environment; looked up once for each head. */
function verifyingIn(snapshot: FleetSnapshot): ReadonlySet<ApplicationId> {
  const known = verifying.get(snapshot);
  if (known !== undefined) return known;
  const found = [...snapshot.documents.applications].filter(([id, { spec }]) =>
    spec.pipeline.some((entry) =>
      gatesAt(snapshot, { unit: unitOf(id, entry.environment), entry }).some(isVerificationGate),
    ),
  );
  const applications = new Set(found.map(([id]) => id));
  verifying.set(snapshot, applications);
  return applications;
}

/**
 * The units of these keys, and what is looked at together with them: an environment runs the verifications that the next
 * ones ask for, so of an application that verifies all units are.
 */
export function chosenUnits(snapshot: FleetSnapshot, keys: 'all' | ReadonlySet<string>): Unit[] {
  const all = [...unitsOf(snapshot).values()];
  if (keys === 'all') return all;
  const verifies = verifyingIn(snapshot);
  const chosen = new Set(all.filter(({ key }) => keys.has(key)).map(({ application }) => application));
  return all.filter(({ key, application }) => keys.has(key) || (chosen.has(application) && verifies.has(application)));
}

/** Units whose gates look at this one. */
export function successorsOf(snapshot: FleetSnapshot, unit: Unit): readonly { unit: Unit; entry: PipelineEntry }[] {
  const pipeline = snapshot.documents.applications.get(unit.application)?.spec.pipeline ?? [];
  return pipeline
    .filter((entry) => afterOf(entry).names.includes(unit.environment))
    .map((entry) => ({ entry, unit: unitOf(unit.application, entry.environment) }));
}

/** The environments that an entry waits for, and whether all or any of them must have the release. */
export function afterOf(entry: PipelineEntry): { readonly quorum: 'all' | 'any'; readonly names: readonly string[] } {
  if (entry.after === undefined) return { quorum: 'all', names: [] };
  return 'all' in entry.after ? { quorum: 'all', names: entry.after.all } : { quorum: 'any', names: entry.after.any };
}
