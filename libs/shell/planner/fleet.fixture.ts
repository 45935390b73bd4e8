import { valueDigest } from '@fairlead/core/bundle';
import type { Gap } from '@fairlead/core/connection';
import {
  isVerification,
  type ApplicationId,
  type ApplicationStatus,
  type ClusterName,
  type Digest,
  type EnvironmentName,
  type HealthState,
} from '@fairlead/core/model';
import { memoryBus } from '@fairlead/ports/bus';
import { memoryChecks } from '@fairlead/ports/checks';
import { manualClock, type ManualClock } from '@fairlead/ports/clock';
import { memoryRepository, type MemoryRepository } from '@fairlead/ports/repository';
import type { Forge } from '@fairlead/ports/forge';
import { memoryStore, type AssignmentRow, type Change, type StatusRow, type Store } from '@fairlead/ports/store';
import { peopleActions } from './actions.ts';
import { startPlanner, type Planner } from './planner.ts';
import type { PlannerPorts } from './ports.ts';
import { previewReleases } from './preview.ts';
import { readFleetRepository } from './reader/read.ts';

/** The application of the examples. */
export const podinfo = 'default/podinfo' as ApplicationId;

/** An environment's YAML. */
export function environmentYaml(name: string, rollout = '{}'): string {
  return `apiVersion: fairlead.dev/v1alpha1\nkind: Environment\nmetadata: { name: ${name} }\nspec: { clusters: { matchLabels: { env: ${name} } }, rollout: ${rollout} }\n`;
}

/** An application's YAML with its pipeline. */
export function applicationYaml(pipeline: string, more = ''): string {
  return `apiVersion: fairlead.dev/v1alpha1\nkind: Application\nmetadata: { name: podinfo }\nspec:\n  source: { git: { url: "https://git.example.com/podinfo", path: deploy } }\n${more}  pipeline: ${pipeline}\n`;
}

const prodRollout =
  '{ waves: [{ name: canary, clusters: { matchLabels: { tier: canary } } }, { name: rest }], maxUnavailable: 1, onFailure: Rollback }';

/** Dev, staging and prod with a canary; staging asks for a soak. */
export const files: Readonly<Record<string, string>> = {
  'fairlead.yaml': 'apiVersion: fairlead.dev/v1alpha1\nkind: Fleet\nmetadata: { name: acme }\n',
  'dev.yaml': environmentYaml('dev'),
  'staging.yaml': environmentYaml('staging'),
  'prod.yaml': environmentYaml('prod', prodRollout),
  'podinfo.yaml': applicationYaml(
    '[{ environment: dev }, { environment: staging, gates: [{ soak: 1m }] }, { environment: prod }]',
  ),
};

/** The one source of the fleet, and what can go wrong there. */
type Source = ReturnType<typeof freshSource>;

function freshSource() {
  return {
    version: '1.0.0',
    revision: 'r1',
    author: 'cid',
    /** `VERSION in ENVIRONMENT` and `VERSION on CLUSTER`: what never gets healthy there. `VERSION verified`: its Jobs fail. */
    broken: new Set<string>(),
    down: false,
    renders: true,
    /** Folders that do not render. */
    brokenFolders: new Set<string>(),
    /** How verification Jobs end, one after the other; those that are not named here pass. */
    jobs: [] as HealthState[],
    /** The Jobs that agents began: `VERSION on CLUSTER`. */
    ran: [] as string[],
  };
}

function releasesOf(source: Source): PlannerPorts['releases'] {
  return {
    async resolve() {
      if (source.down) throw new Error('the source is down');
      const digest = valueDigest(source.version);
      return {
        version: source.version,
        sources: { main: { revision: source.revision, digest } },
        renderer: { plain: '1' },
        authors: [{ name: source.author, email: `${source.author}@example.com` }],
      };
    },
    async bundleFor({ release, inputs }) {
      if (!source.renders || source.brokenFolders.has(inputs.path)) throw new Error('kustomize refused it');
      // What is rendered: a definition that changes no input changes nothing.
      return valueDigest([release.sources, inputs]);
    },
  };
}

/** Does an effect, or dies. */
export type Around = <Result>(effect: string, work: () => Promise<Result>) => Promise<Result>;

/** The planner's store and repository, with something around each effect. */
function touched({ store, repository }: Pick<PlannerPorts, 'store' | 'repository'>, around: Around) {
  const write: Store['write'] = (changes, guard) => around('write', () => store.write(changes, guard));
  const push: typeof repository.push = (base, drafts) => around('push', () => repository.push(base, drafts));
  return { store: { ...store, write }, repository: { ...repository, push } };
}

/** A fleet without processes: git, store, bus and clock in memory, agents that apply at once. */
export async function openFleet(
  options: {
    readonly from?: { readonly git: MemoryRepository; readonly clock: ManualClock };
    /** Of a planner that was there before. */
    readonly store?: Store;
    /** Where people are asked for promotions. */
    readonly forge?: Forge;
    /** Stands around each effect of the planner: a write, a push. It may let the process die before or after it. */
    readonly around?: Around;
  } = {},
) {
  const git = options.from?.git ?? memoryRepository();
  const clock = options.from?.clock ?? manualClock(1_000_000_000);
  const store = options.store ?? memoryStore();
  const bus = memoryBus();
  const asked = memoryChecks();
  let isAway = false;
  /** Times in which the store was away. */
  const gaps: Gap[] = [];
  /** Takes the bus away, or brings it back. */
  const busAway = (on: boolean): void => {
    isAway = on;
    bus.away(on);
  };
  const source = freshSource();
  const own = { store, repository: git.repository };
  const reached = options.around ? touched(own, options.around) : own;
  const ports: PlannerPorts = {
    ...reached,
    reader: readFleetRepository(reached, { branch: 'fleet#main' }),
    bus,
    ...(options.forge && { forge: options.forge }),
    hears: () => !isAway,
    clock,
    signer: { signHead: (bytes) => ({ bytes, signature: new Uint8Array([1]), keyId: 'key-1' }) },
    releases: releasesOf(source),
    checks: asked.checks,
  };
  const settings = {
    repositoryUrl: 'https://git.example.com/fleet',
    author: { name: 'Fairlead hub', email: 'hub@example.com' },
    away: () => gaps.at(-1),
    restored: () => [{ put: 'fact', key: 'restored', value: { mark: 'now' } } as const],
  };
  if (options.from === undefined) await git.server.commit({ message: 'First', files });
  const planner = startPlanner(ports, settings);
  return {
    git,
    clock,
    store,
    bus,
    busAway,
    gaps,
    source,
    /** Clusters that nobody hears, and that hear nobody. */
    silent: new Set<string>(),
    server: asked.server,
    planner,
    actions: peopleActions(ports, { ...settings, planner }),
    previews: previewReleases(ports, settings),
  };
}

/** What {@link openFleet} gives. */
export type Fleet = Awaited<ReturnType<typeof openFleet>>;

/** Lets clusters enrol and say Hello. */
export async function join(
  fleet: Fleet,
  members: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<void> {
  for (const [name, labels] of Object.entries(members)) {
    const value = { key: valueDigest(name), labels: { ...labels }, kubernetes: 'v1.36.1' };
    await fleet.store.write([{ put: 'fact', key: `membership:${name}`, value }]);
    await hello(fleet, name as ClusterName);
  }
  await run(fleet);
}

/** A cluster speaks, and its whole status is known. */
export async function hello(fleet: Pick<Fleet, 'store' | 'clock'>, cluster: ClusterName): Promise<void> {
  const facts = { agentVersion: '1', kubernetesVersion: 'v1.36.1', nowMs: fleet.clock.now(), gateway: 'gateway-1' };
  await fleet.store.raiseSession(cluster, facts);
  await fleet.store.write([{ put: 'contact', row: { cluster, statusDigest: valueDigest(cluster) } }]);
}

/** The store is lost: a new one beside the same git, which knows of nobody until {@link speakAgain}, but for `early` ones. */
export async function loseStore(
  fleet: Fleet,
  early?: (fresh: Pick<Fleet, 'store' | 'clock'>) => Promise<void>,
): Promise<Fleet> {
  await fleet.planner.close();
  const store = memoryStore();
  await early?.({ store, clock: fleet.clock });
  const fresh = await openFleet({ from: fleet, store });
  Object.assign(fresh.source, fleet.source);
  await fresh.planner.plan();
  return fresh;
}

/** An agent connects to the new hub and says what it runs and which position it has. */
export async function speakAgain(
  fleet: Fleet,
  { before, cluster }: { before: Fleet; cluster: ClusterName },
): Promise<void> {
  const row = await before.store.cluster(cluster);
  const statuses = await before.store.statuses({ cluster });
  await hello(fleet, cluster);
  const acked =
    row?.ackedPosition && row.ackedRoot ? { ackedPosition: row.ackedPosition, ackedRoot: row.ackedRoot } : {};
  await fleet.store.write([
    { put: 'contact', row: { cluster, ...acked } },
    ...statuses.map((status): Change => ({ put: 'status', row: status })),
  ]);
}

/** Plans and lets agents answer until nothing moves any more. */
export async function run(fleet: Fleet): Promise<void> {
  for (let rounds = 0; rounds < 50; rounds += 1) {
    await fleet.planner.plan();
    if (!(await answer(fleet))) return;
  }
  throw new Error('the fleet does not come to rest');
}

/** Time passes, everybody who is not silent is heard, and what the timer asked for happens. */
export async function pass(fleet: Fleet, byMs: number): Promise<void> {
  fleet.clock.advance(byMs);
  for (const { cluster } of await fleet.store.clusters()) {
    if (fleet.silent.has(cluster)) continue;
    await fleet.store.write([{ put: 'contact', row: { cluster, lastHeardAtMs: fleet.clock.now() } }]);
  }
  await run(fleet);
}

/** As {@link pass}, minute by minute. */
export async function minutes(fleet: Fleet, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute += 1) await pass(fleet, 60_000);
}

/** The source gives another version, and everything comes to rest. */
export async function release(fleet: Fleet, version: string, revision = `r${version}`): Promise<void> {
  Object.assign(fleet.source, { version, revision });
  await run(fleet);
}

/** A person changes files of the fleet repository, and everything comes to rest. */
export async function push(fleet: Fleet, files: Readonly<Record<string, string | null>>) {
  const commit = await fleet.git.server.commit({ message: 'Change', files });
  await fleet.planner.plan({ head: true });
  await run(fleet);
  return commit;
}

/** Agents take their newest head and report. True if some did. */
async function answer({ store, clock, source, silent }: Fleet): Promise<boolean> {
  const changes: Change[] = [];
  for (const { cluster, position, root, ackedPosition } of await store.clusters()) {
    if (position === undefined || root === undefined || silent.has(cluster)) continue;
    if (ackedPosition?.epoch === position.epoch && ackedPosition.generation === position.generation) continue;
    changes.push({
      put: 'contact',
      row: { cluster, ackedPosition: position, ackedRoot: root, lastHeardAtMs: clock.now() },
    });
    for (const row of await store.assignments({ cluster })) {
      const before = (await store.statuses({ cluster, application: row.application }))[0];
      if (row.entry === undefined) changes.push({ drop: 'status', cluster, application: row.application });
      else if (before?.status.bundle !== row.entry.bundle || before.status.attempt !== row.entry.attempt) {
        if (isVerification(row.application)) {
          source.ran.push(`${row.entry.version} on ${cluster}`);
          const usual = source.broken.has(`${row.entry.version} verified`) ? 'Degraded' : 'Healthy';
          changes.push({ put: 'status', row: jobStatus(row, { health: source.jobs.shift() ?? usual, clock }) });
          continue;
        }
        const places = [`in ${row.environment}`, `on ${cluster}`];
        const broken = places.some((place) => source.broken.has(`${row.entry?.version} ${place}`));
        const sinceMs =
          before?.status.bundle === row.entry.bundle ? (before.healthySinceMs ?? clock.now()) : clock.now();
        const status = { cluster, status: statusOf(row, broken), sinceMs: clock.now(), observedAtMs: clock.now() };
        changes.push({ put: 'status', row: { ...status, ...(broken ? {} : { healthySinceMs: sinceMs }) } });
      }
    }
  }
  if (changes.length > 0) await store.write(changes);
  return changes.length > 0;
}

/** What an agent says of a verification whose Job has come so far. */
export function jobStatus(
  row: AssignmentRow,
  { health, clock }: { readonly health: HealthState; readonly clock: ManualClock },
): StatusRow {
  const status = { ...statusOf(row, false), health, message: health === 'Degraded' ? 'BackoffLimitExceeded' : '' };
  return { cluster: row.cluster, status, sinceMs: clock.now(), observedAtMs: clock.now() };
}

function statusOf({ entry, application }: AssignmentRow, broken: boolean): ApplicationStatus {
  const { release, bundle, attempt } = entry ?? { release: '' as Digest, bundle: '' as Digest, attempt: '' as never };
  return {
    application,
    release,
    bundle,
    attempt,
    sync: 'InSync',
    health: broken ? 'Progressing' : 'Healthy',
    drift: 'None',
    reason: broken ? 'ReconcileInProgress' : 'Current',
    message: '',
    objects: 1,
    healthyObjects: broken ? 0 : 1,
    problems: [],
  };
}

/** What each cluster was given of the application: its version, or `-` where it leaves. */
export async function versions({ store }: Fleet): Promise<Record<string, string>> {
  const rows = await store.assignments({ application: podinfo });
  return Object.fromEntries(
    rows.flatMap(({ cluster, entry, tombstone }) =>
      entry ? [[cluster, entry.version]] : tombstone ? [[cluster, '-']] : [],
    ),
  );
}

/** Subjects of the commits, oldest first, without the first. */
export async function log({ git }: Pick<Fleet, 'git'>): Promise<string[]> {
  const head = await git.repository.fetch();
  const subjects: string[] = [];
  for await (const commit of git.repository.history(head)) subjects.unshift(commit.message.split('\n', 1)[0] ?? '');
  return subjects.slice(1);
}

/** The last word on the application in an environment. */
export async function why({ planner }: { planner: Planner }, environment: string) {
  const { decided, standings } = await planner.decided(`${environment}/${podinfo}`);
  return decided && { ...decided, clusters: standings ?? [] };
}

/** A Fleet document under which everything may be withdrawn at once. */
export const generousFleetYaml =
  'apiVersion: fairlead.dev/v1alpha1\nkind: Fleet\nmetadata: { name: acme }\nspec: { removalBudget: { placements: 100% } }\n';

/** An environment's name, branded. */
export function env(name: string): EnvironmentName {
  return name as EnvironmentName;
}
