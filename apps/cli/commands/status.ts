import { asFairleadError } from '@fairlead/core/model';
import type {
  ApplicationView,
  ClusterView,
  FleetView,
  PlacementView,
  ProblemView,
  StepView,
} from '@fairlead/wire/rest';
import type { Invocation, Register } from '../cli.ts';
import { exitCodes } from '../exit.ts';
import type { Column, Printer } from '../output/print.ts';
import { problemLines } from '../output/problems.ts';
import { plain, share, short, span, stateWord } from '../output/words.ts';
import { applicationOf } from '../usage.ts';

interface Options {
  readonly check?: true;
  readonly environment?: string;
}

interface StepRow extends StepView {
  readonly application: string;
}

const steps: readonly Column<StepRow>[] = [
  { title: 'APPLICATION', of: (row) => row.application },
  { title: 'ENVIRONMENT', of: (row) => row.environment },
  { title: 'VERSION', of: (row) => row.version },
  { title: 'SYNC', state: true, of: (row) => share('InSync', { of: row.inSync, total: row.clusters }) },
  { title: 'HEALTH', state: true, of: (row) => share('Healthy', { of: row.healthy, total: row.clusters }) },
  { title: 'ROLLOUT', state: true, of: (row) => (row.halted ? 'Halted' : row.rollout) },
  { title: 'RELEASE', wide: true, of: (row) => short(row.release) },
  { title: 'ATTEMPT', wide: true, of: (row) => short(row.attempt) },
  { title: 'REASON', wide: true, of: (row) => row.reason },
  { title: 'WHY', of: whyStep },
];

function whyStep({ hold, halted, message, reason }: StepRow): string {
  if (hold) return `held by ${hold.by}: ${hold.reason}`;
  return halted && reason !== 'Halted' ? `halted (${halted.reason}): ${message}` : message;
}

function placements(nowMs: number): readonly Column<PlacementView>[] {
  const old = (row: PlacementView): string => (row.old ? ' old' : '');
  return [
    { title: 'CLUSTER', of: (row) => row.cluster },
    { title: 'ENVIRONMENT', of: (row) => row.environment },
    { title: 'WAVE', of: (row) => row.wave },
    { title: 'VERSION', of: (row) => row.version },
    { title: 'SYNC', state: true, of: (row) => `${row.sync}${old(row)}` },
    { title: 'HEALTH', state: true, of: (row) => `${row.health}${old(row)}` },
    { title: 'DRIFT', state: true, of: (row) => `${row.drift}${old(row)}` },
    { title: 'OBJECTS', of: (row) => `${row.healthyObjects}/${row.objects}` },
    { title: 'SINCE', of: (row) => (row.sinceMs === undefined ? '-' : span(nowMs - row.sinceMs)) },
    { title: 'BUNDLE', wide: true, of: (row) => short(row.bundle) },
    { title: 'REASON', wide: true, of: (row) => row.reason },
    {
      title: 'WHY',
      of: (row) => [row.message, ...row.problems.map((one) => `${one.object}: ${one.message}`)].join('; '),
    },
  ];
}

/** What is not as it should be, each in a sentence. */
function complaints(found: {
  readonly problems: number;
  readonly rows: readonly StepRow[];
  readonly clusters: readonly ClusterView[];
  readonly drift: Readonly<Record<string, number>>;
}): string[] {
  const { problems, rows, clusters, drift } = found;
  const drifted = (drift['Present'] ?? 0) + (drift['Fighting'] ?? 0);
  return [
    ...(problems > 0 ? [`${problems} problems in the fleet repository, the ledger or a source`] : []),
    ...rows.flatMap((row) => {
      const where = `${row.application} in ${row.environment}`;
      if (row.halted) return [`${where} is halted: ${row.halted.reason}`];
      if (row.inSync < row.clusters) return [`${where} is in sync on ${row.inSync} of ${row.clusters} clusters`];
      return row.healthy < row.clusters ? [`${where} is healthy on ${row.healthy} of ${row.clusters} clusters`] : [];
    }),
    ...clusters
      .filter(({ connection }) => connection !== 'Connected')
      .map(({ name, connection }) => `cluster ${name} is ${connection}`),
    ...(drifted > 0 ? [`${drifted} placements drift`] : []),
  ];
}

function sourceProblems({ application, sources }: ApplicationView): ProblemView[] {
  return sources.flatMap(({ url, problem }) => (problem ? [{ ...problem, application, file: url }] : []));
}

async function applicationsFor(
  given: Invocation<Options>,
  hub: Awaited<ReturnType<Invocation<Options>['hub']>>,
): Promise<ApplicationView[]> {
  const [word] = given.words;
  if (word === undefined) return hub.list('listApplications');
  const application = applicationOf(word);
  const [team = '', name = ''] = application.split('/');
  try {
    return [await hub.call('getApplication', { path: { team, name } })];
  } catch (thrown) {
    // Git took it away, and clusters may still be letting go of it: that is what is asked for then.
    const running = asFairleadError(thrown).code === 'NotFound' && (await hub.list('listPlacements', { application }));
    if (!running || running.length === 0) throw thrown;
    return [{ application, team, sources: [], pipeline: [], problems: [] }];
  }
}

function summary(print: Printer, fleet: FleetView, clusters: readonly ClusterView[]): void {
  const { paint } = print;
  const counts = Object.entries(Object.groupBy(clusters, (one) => one.connection)).map(
    ([word, members]) => `${members.length} ${stateWord(word, paint)}`,
  );
  if (fleet.head === undefined) return print.line(`fleet of ${plain(fleet.repository)}: not read yet`);
  print.line(
    `fleet ${paint.bold(plain(fleet.name))} at ${short(fleet.head)}; clusters: ${counts.length === 0 ? 'none' : counts.join(', ')}`,
  );
}

function nothing(applications: readonly ApplicationView[], { environment }: Options): string {
  return applications.length === 0
    ? 'No application is defined yet: add an Application document to the fleet repository.'
    : environment === undefined
      ? 'Git defines no such application any more; its objects go as the clusters let go of them.'
      : `No pipeline has the environment ${environment}: see \`fairlead environments\`.`;
}

interface Seen {
  readonly fleet: FleetView;
  readonly clusters: readonly ClusterView[];
  readonly rows: readonly StepRow[];
  readonly placed: readonly PlacementView[];
  readonly problems: readonly ProblemView[];
}

/** For people: the fleet, its applications, the clusters of one, who is silent, and what is wrong. */
function show({ print, io }: Invocation<Options>, { fleet, clusters, rows, placed, problems }: Seen): void {
  const { paint } = print;
  summary(print, fleet, clusters);
  if (rows.length > 0) print.table(rows, steps);
  if (placed.length > 0) {
    print.line();
    print.table(placed, placements(io.now()));
  }
  for (const { name, connection, lastHeardAtMs } of clusters) {
    if (connection !== 'Silent' && connection !== 'Lost') continue;
    const heard = lastHeardAtMs === undefined ? 'never heard' : `last heard ${span(io.now() - lastHeardAtMs)} ago`;
    print.line(`${stateWord(connection, paint)} ${name}: ${heard}; what is shown of it is ${paint.dim('old')}`);
  }
  for (const line of problemLines(problems, paint)) print.line(line);
}

async function status(given: Invocation<Options>): Promise<number> {
  const { print, io, options } = given;
  const hub = await given.hub();
  const [word] = given.words;
  const [fleet, clusters, applications] = await Promise.all([
    hub.call('getFleet'),
    hub.list('listClusters'),
    applicationsFor(given, hub),
  ]);
  const inEnvironment = (row: { environment: string }): boolean =>
    options.environment === undefined || row.environment === options.environment;
  const rows = applications
    .flatMap(({ application, pipeline }) => pipeline.map((step): StepRow => ({ application, ...step })))
    .filter(inEnvironment);
  const selected = { application: applications[0]?.application, environment: options.environment };
  const placed = word === undefined ? [] : await hub.list('listPlacements', selected);
  const problems = [
    ...(word === undefined ? fleet.problems : applications.flatMap((one) => one.problems)),
    ...applications.flatMap(sourceProblems),
  ].filter((one, at, all) => all.findIndex(({ message }) => message === one.message) === at);
  const value = { fleet, applications, ...(word === undefined ? {} : { placements: placed }) };
  print.thing(value, () => show(given, { fleet, clusters, rows, placed, problems }));
  if (rows.length === 0) io.err(`${nothing(applications, options)}\n`);
  if (!options.check) return exitCodes.ok;
  const wrong = complaints({ problems: problems.length, rows, clusters, drift: fleet.applications.drift });
  for (const one of wrong) io.err(`check: ${one}\n`);
  return wrong.length === 0 ? exitCodes.ok : exitCodes.unwell;
}

/** `fairlead status [APP]`. */
export const registerStatus: Register = (program, cli) => {
  program
    .command('status [application]')
    .description('what runs where: applications × environments; with an application, also each of its clusters')
    .option('-e, --environment <name>', 'only this environment')
    .option('--check', 'exit with 4 if something is not as it should be')
    .addHelpText(
      'after',
      `
What a silent cluster last said is marked \`old\`. With -o wide, the closed words for each reason are shown too.

Examples:
  fairlead status                     the whole fleet
  fairlead status shop -e prod        one application (of team default), each cluster of prod
  fairlead status web/podinfo -o json
  fairlead status --check || notify   for scripts`,
    )
    .action(cli.does<Options>(status));
};
