import {
  applicationId,
  FairleadError,
  type Application,
  type ApplicationId,
  type Cluster,
  type Environment,
  type Fleet,
  type Team,
} from '@fairlead/core/model';
import { problemAt } from '../schema/check.ts';
import { parseFile, type BrokenDocument, type DocumentKinds, type ParsedDocument, type ParsedFile } from './parse.ts';
import { fillPipeline } from './pipeline.ts';
import { checkReferences, type Names } from './references.ts';

/** Where a document stands; lines count from 1. */
export interface FilePlace {
  readonly file: string;
  readonly line: number;
}

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

function nameOf(document: ParsedDocument): string {
  return document.kind === 'Application' ? applicationId(document.value.spec.team, document.name) : document.name;
}

function placeOf({ file, begins }: ParsedDocument): FilePlace {
  return { file, line: begins };
}

interface Sorted {
  readonly unique: readonly ParsedDocument[];
  readonly broken: readonly BrokenDocument[];
  readonly problems: readonly FairleadError[];
}

/** Of documents with one name none is used: which one is meant is not for us to guess. */
function takeOutDuplicates(documents: readonly ParsedDocument[]): Sorted {
  const groups = Map.groupBy(documents, (document) =>
    document.kind === 'Fleet' ? 'Fleet' : `${document.kind} ${nameOf(document)}`,
  );
  const unique: ParsedDocument[] = [];
  const broken: BrokenDocument[] = [];
  const problems: FairleadError[] = [];
  for (const [what, group] of groups) {
    const [first, ...others] = group;
    if (first === undefined) continue;
    if (others.length === 0) unique.push(first);
    else broken.push(...group.map((one) => ({ ...placeOf(one), kind: one.kind, name: one.name })));
    const at = placeOf(first);
    for (const other of others) {
      const subject =
        other.kind === 'Application'
          ? { application: nameOf(other) }
          : other.kind === 'Environment'
            ? { environment: other.name }
            : {};
      problems.push(
        problemAt(other, {
          what,
          path: [],
          reason: 'DuplicateDocument',
          subject,
          text: `stands at ${at.file}:${at.line} already. Neither is used until one of them is removed.`,
        }),
      );
    }
  }
  return { unique, broken, problems };
}

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

function checkWaves(document: Extract<ParsedDocument, { kind: 'Environment' }>): FairleadError[] {
  const { waves } = document.value.spec.rollout;
  return waves.flatMap(({ name }, at) => {
    if (waves.findIndex((wave) => wave.name === name) === at) return [];
    const problem = {
      path: ['spec', 'rollout', 'waves', at, 'name'],
      text: `is \`${name}\`, as an earlier wave's is. Give each wave a name of its own.`,
    };
    return [
      problemAt(document, {
        what: `Environment ${document.name}`,
        subject: { environment: document.name },
        ...problem,
      }),
    ];
  });
}

/** Joins what the files say into one fleet. Pure: the same files in any order give the same fleet. */
export function joinFleet(files: readonly ParsedFile[]): FleetDocuments {
  const inOrder = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const { unique, ...duplicates } = takeOutDuplicates(inOrder.flatMap(({ documents }) => documents));
  const waveProblems = unique.flatMap((document) => (document.kind === 'Environment' ? checkWaves(document) : []));
  const badEnvironments = new Set(waveProblems.map(({ subject }) => subject.environment));
  const usable = unique.filter((document) => document.kind !== 'Environment' || !badEnvironments.has(document.name));
  const broken = [
    ...inOrder.flatMap((file) => file.broken),
    ...duplicates.broken,
    ...unique
      .filter((document) => !usable.includes(document))
      .map((one) => ({ ...placeOf(one), kind: one.kind, name: one.name })),
  ];
  const { fleet, problems: fleetProblems } = checkFleet(usable, broken);
  const environments = byName(usable, 'Environment');
  const teams = byName(usable, 'Team');
  const applications = new Map<ApplicationId, Application>();
  const definedAt = new Map<ApplicationId, FilePlace>();
  const held = new Map<ApplicationId, readonly FairleadError[]>();
  const ids = usable.filter((document) => document.kind === 'Application').map(nameOf);
  const brokenNames = (kind: string) => broken.filter((one) => one.kind === kind).flatMap(({ name }) => name ?? []);
  const names: Names = {
    environments: new Set([...environments.keys(), ...brokenNames('Environment')]),
    teams: new Map<string, Team | undefined>([
      ...brokenNames('Team').map((name) => [name, undefined] as const),
      ...teams,
    ]),
    applications: new Set(ids),
  };
  for (const document of usable) {
    if (document.kind !== 'Application') continue;
    const id = nameOf(document) as ApplicationId;
    const { spec } = document.value;
    const application = { ...document.value, spec: { ...spec, pipeline: fillPipeline(spec.pipeline) } };
    applications.set(id, application);
    definedAt.set(id, placeOf(document));
    const problems = checkReferences(application, { place: document, names });
    if (problems.length > 0) held.set(id, problems);
  }
  const problems = [
    ...inOrder.flatMap((file) => file.problems),
    ...fleetProblems,
    ...duplicates.problems,
    ...waveProblems,
    ...[...held.values()].flat(),
  ];
  return {
    fleet,
    environments,
    applications,
    clusters: byName(usable, 'Cluster'),
    teams,
    definedAt,
    broken,
    held,
    problems,
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

/** The folder of the ledger that the Fleet document names; `ledger` where it names none or cannot be read. */
export function ledgerPathOf(files: readonly FleetFile[]): string {
  const file = files.find(({ path }) => path === fleetFile);
  const found =
    file === undefined ? undefined : parseFile(file.text, file.path).documents.find(({ kind }) => kind === 'Fleet');
  return found?.kind === 'Fleet' ? found.value.spec.ledger.path : 'ledger';
}

/** Parses and joins the files of a fleet repository; everything under the ledger's path is passed over. */
export function readFleet(files: readonly FleetFile[], options: { readonly ledgerPath?: string } = {}): FleetDocuments {
  const ledgerPath = options.ledgerPath ?? ledgerPathOf(files);
  return joinFleet(
    files.filter(({ path }) => !path.startsWith(`${ledgerPath}/`)).map(({ path, text }) => parseFile(text, path)),
  );
}
