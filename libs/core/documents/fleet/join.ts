import {
  FairleadError,
  type Application,
  type ApplicationId,
  type Cluster,
  type Environment,
  type Fleet,
  type Team,
} from '@fairlead/core/model';
import { nameOf, placeOf, takeOutDuplicates, type FilePlace } from './duplicates.ts';
import { problemAt } from '../schema/check.ts';
import { didYouMean } from '../schema/suggest.ts';
import { parseFile, type BrokenDocument, type DocumentKinds, type ParsedDocument, type ParsedFile } from './parse.ts';
import { fillPipeline } from './pipeline.ts';
import { findDependencyCircles } from './dependencies.ts';
import { findInGates } from './gates.ts';
import type { Names } from './names.ts';
import { checkReferences } from './references.ts';

/** The fleet repository as one whole. */
export interface FleetDocuments {
  /** Undefined while the document is missing or broken: then nothing that it bounds may be decided. */
  readonly fleet: Fleet | undefined;
  readonly environments: ReadonlyMap<string, Environment>;
  /** With the defaults of their pipelines filled in. */
  readonly applications: ReadonlyMap<ApplicationId, Application>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly teams: ReadonlyMap<string, Team>;
  /** Where each application is defined. */
  readonly definedAt: ReadonlyMap<ApplicationId, FilePlace>;
  /** Documents that cannot be used, duplicates included: their last good state stays, none counts as deleted. */
  readonly broken: readonly BrokenDocument[];
  /** Why nothing new of an application may be promoted, though its document can be read. */
  readonly held: ReadonlyMap<ApplicationId, readonly FairleadError[]>;
  /** Everything that is wrong, those of `held` included, in the order of the files. */
  readonly problems: readonly FairleadError[];
}

/** The file that holds the Fleet document. */
export const fleetFile = 'fairlead.yaml';

function byName<Kind extends ParsedDocument['kind']>(
  documents: readonly ParsedDocument[],
  kind: Kind,
): Map<string, DocumentKinds[Kind]> {
  const ofKind = documents.filter((document) => document.kind === kind);
  return new Map(ofKind.map((document) => [document.name, document.value as DocumentKinds[Kind]]));
}

function checkFleet(
  documents: readonly ParsedDocument[],
  broken: readonly BrokenDocument[],
): { fleet: Fleet | undefined; problems: FairleadError[] } {
  const found = documents.find((document) => document.kind === 'Fleet');
  if (found === undefined) {
    if (broken.some(({ kind, file }) => kind === 'Fleet' || (kind === undefined && file === fleetFile)))
      return { fleet: undefined, problems: [] };
    const message = `Cannot use the fleet repository: no document of kind Fleet stands in ${fleetFile}. Add one with apiVersion, kind and metadata.name.`;
    return {
      fleet: undefined,
      problems: [
        new FairleadError(message, {
          code: 'FailedPrecondition',
          reason: 'InvalidDocument',
          subject: { file: fleetFile },
        }),
      ],
    };
  }
  if (found.file === fleetFile) return { fleet: found.value, problems: [] };
  return {
    fleet: undefined,
    problems: [
      problemAt(found, {
        what: `Fleet ${found.name}`,
        path: [],
        text: `must stand in ${fleetFile} at the root of the repository. Move it there.`,
      }),
    ],
  };
}

/** Teams that the fleet's credentials name and nobody defines: such a credential would reach nobody. */
function checkCredentials(found: ParsedDocument | undefined, names: Names): FairleadError[] {
  if (found?.kind !== 'Fleet') return [];
  return found.value.spec.credentials.flatMap(({ teams = [] }, at) =>
    teams.flatMap((name, index) => {
      if (name === 'default' || names.teams.has(name)) return [];
      const text = `names the team \`${name}\`, which has no Team document${didYouMean(name, names.teams.keys()) || '.'} Add one, or correct the name.`;
      const path = ['spec', 'credentials', at, 'teams', index];
      return [problemAt(found, { what: `Fleet ${found.name}`, path, reason: 'UnknownReference', text })];
    }),
  );
}

/** What the gates of environments name that is not there; such a gate is unknown, and unknown never passes. */
function checkEnvironments(documents: readonly ParsedDocument[], names: Names): FairleadError[] {
  return documents.flatMap((document) => {
    if (document.kind !== 'Environment') return [];
    const findings = findInGates(document.value.spec.gates, {
      path: ['spec', 'gates'],
      environment: document.name,
      names,
    });
    const about = { what: `Environment ${document.name}`, subject: { environment: document.name } };
    return findings.map((finding) => problemAt(document, { ...about, ...finding }));
  });
}

/** What may be referred to: broken documents too, for they are there, whatever they say. */
function namesIn(documents: readonly ParsedDocument[], broken: readonly BrokenDocument[]): Names {
  const brokenNames = (kind: string) => broken.filter((one) => one.kind === kind).flatMap(({ name }) => name ?? []);
  const unreadable = brokenNames('Team').map((name) => [name, undefined] as const);
  return {
    environments: new Set([...byName(documents, 'Environment').keys(), ...brokenNames('Environment')]),
    teams: new Map<string, Team | undefined>([...unreadable, ...byName(documents, 'Team')]),
    applications: new Map(
      documents.flatMap((one) =>
        one.kind === 'Application'
          ? [[nameOf(one), new Set(one.value.spec.pipeline.map(({ environment }) => environment))] as const]
          : [],
      ),
    ),
  };
}

/** Joins what the files say into one fleet. Pure: the same files in any order give the same fleet. */
export function joinFleet(files: readonly ParsedFile[]): FleetDocuments {
  const inOrder = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const { unique, ...duplicates } = takeOutDuplicates(inOrder.flatMap(({ documents }) => documents));
  const broken = [...inOrder.flatMap((file) => file.broken), ...duplicates.broken];
  const names = namesIn(unique, broken);
  const applications = new Map<ApplicationId, Application>();
  const definedAt = new Map<ApplicationId, FilePlace>();
  const held = new Map<ApplicationId, readonly FairleadError[]>();
  for (const document of unique) {
    if (document.kind !== 'Application') continue;
    const id = nameOf(document) as ApplicationId;
    const { spec } = document.value;
    const application = { ...document.value, spec: { ...spec, pipeline: fillPipeline(spec.pipeline) } };
    applications.set(id, application);
    definedAt.set(id, placeOf(document));
    const problems = checkReferences(application, { place: document, names });
    if (problems.length > 0) held.set(id, problems);
  }
  const environments = byName(unique, 'Environment');
  const circles = findDependencyCircles({ applications, environments });
  for (const document of unique) {
    const id = nameOf(document) as ApplicationId;
    const findings = document.kind === 'Application' ? (circles.get(id) ?? []) : [];
    const about = { what: `Application ${id}`, subject: { application: id } };
    const problems = findings.map((finding) => problemAt(document, { ...about, ...finding }));
    if (problems.length > 0) held.set(id, [...(held.get(id) ?? []), ...problems]);
  }
  const { fleet, problems: fleetProblems } = checkFleet(unique, broken);
  return {
    fleet,
    environments,
    applications,
    clusters: byName(unique, 'Cluster'),
    teams: byName(unique, 'Team'),
    definedAt,
    broken,
    held,
    problems: [
      ...inOrder.flatMap((file) => file.problems),
      ...fleetProblems,
      ...checkCredentials(
        unique.find(({ kind }) => kind === 'Fleet'),
        names,
      ),
      ...checkEnvironments(unique, names),
      ...duplicates.problems,
      ...[...held.values()].flat(),
    ],
  };
}

/**
 * True if the repository surely defines no such document. False while a broken document could be it: an input that cannot
 * be read never counts as a deletion.
 */
export function isGone(
  documents: FleetDocuments,
  { kind, name }: { kind: 'Environment' | 'Application' | 'Cluster' | 'Team'; name: string },
): boolean {
  const { environments, applications, clusters, teams } = documents;
  const there: ReadonlyMap<string, unknown> = {
    Environment: environments,
    Application: applications,
    Cluster: clusters,
    Team: teams,
  }[kind];
  // Of a broken Application the team may not be known: its plain name is enough to doubt.
  const plain = name.slice(name.indexOf('/') + 1);
  const doubtful = documents.broken.some((one) => (one.kind ?? kind) === kind && (one.name ?? plain) === plain);
  return !there.has(name) && !doubtful;
}

/** A file of the repository. */
export interface FleetFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The folder of the ledger that the Fleet document names. Undefined while that document is missing or cannot be read:
 * a caller that knew the folder keeps it, for another one would read as a fleet without members.
 */
export function ledgerPathOf(files: readonly FleetFile[]): string | undefined {
  const file = files.find(({ path }) => path === fleetFile);
  const { documents = [] } = file === undefined ? {} : parseFile(file.text, file.path);
  const [found, ...others] = documents.filter((document) => document.kind === 'Fleet');
  return others.length === 0 ? found?.value.spec.ledger.path : undefined;
}

/**
 * Parses and joins the files of a fleet repository; everything under the ledger's path is passed over (by default the
 * one that the Fleet document names, or `ledger` where that cannot be read).
 */
export function readFleet(files: readonly FleetFile[], options: { readonly ledgerPath?: string } = {}): FleetDocuments {
  const ledgerPath = options.ledgerPath ?? ledgerPathOf(files) ?? 'ledger';
  const own = files.filter(({ path }) => !path.startsWith(`${ledgerPath}/`));
  return joinFleet(own.map(({ path, text }) => parseFile(text, path)));
}
