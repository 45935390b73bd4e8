import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fleetFixture, type Fleet } from '@fairlead/testkit/fleet';
import { followAudit, until, type AuditEntry } from '@fairlead/testkit/kube';
import { removeFolderAtEnd } from '@fairlead/testkit/process';
import { configMap, documents, manifests } from '../documents.ts';
import { isOfApplications, isWrite } from '../observe.ts';
import { openRecords, type Point, type Records } from './deaths.ts';

/** The clusters of each environment; prod's first is its canary, the others are the wave `rest`. */
export const environments = {
  dev: ['dev'],
  staging: ['staging'],
  prod: ['prod-canary', 'prod-1', 'prod-2', 'prod-3'],
} as const;
const clusters = Object.values(environments).flat();
type Cluster = (typeof clusters)[number];
const timeoutMs = 120_000;

/** One release, and where the hub dies on its way. */
export interface Walk {
  /** Such a release fails in prod and goes back there. */
  readonly isBad: boolean;
  readonly points: readonly Point[];
}

/** What became of a release, by those who must know: git, the API servers, and the hub's own list of effects. */
export interface Walked {
  readonly effects: readonly string[];
  /** How often the hub had to be started again. */
  readonly starts: number;
  /** Where the hub was to die and never came by. */
  readonly missed: readonly Point[];
  /** Subjects of all commits to the fleet repository meanwhile, the oldest first, without the releases' digests. */
  readonly commits: readonly string[];
  /** What agents wrote of the application's one object meanwhile, in order. */
  readonly writes: Readonly<Record<Cluster, readonly AuditEntry[]>>;
}

/** Six control planes with agents, and a hub that can be told where to die. */
export interface Rig {
  /** Lets a release walk until nothing is left to do. The hub is started again whenever it has died. */
  walk(options: Walk): Promise<Walked>;
  stop(): Promise<void>;
}

const files = (version: string) => ({ 'deploy/settings.yaml': manifests(configMap('settings', { version })) });

function fleetDocuments(gitUrl: string): string {
  const environment = (name: string, rollout = {}) => ({
    kind: 'Environment',
    name,
    spec: { clusters: { matchLabels: { env: name } }, rollout },
  });
  const waves = [{ name: 'canary', clusters: { matchLabels: { tier: 'canary' } } }, { name: 'rest' }];
  // Bad is what says so, and in prod only: `where` comes by an override.
  const failed = 'object.data.version.startsWith("bad") && object.data.?where.orValue("") == "prod"';
  const spec = {
    source: { git: { url: `${gitUrl}/web.git`, path: 'deploy' } },
    namespace: 'web',
    health: [{ target: { kind: 'ConfigMap' }, healthy: 'true', failed }],
    overrides: [
      { environment: 'prod', patches: [{ target: { kind: 'ConfigMap' }, patch: { data: { where: 'prod' } } }] },
    ],
    pipeline: Object.keys(environments).map((name) => ({ environment: name })),
  };
  return documents(
    { kind: 'Fleet', name: 'killed' },
    environment('dev'),
    environment('staging'),
    environment('prod', { waves, maxUnavailable: '100%', onFailure: 'Rollback' }),
    { kind: 'Application', name: 'web', spec },
  );
}

/** Starts everything; the first release is everywhere when this is fulfilled. */
export async function openRig(): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-crashes-'));
  removeFolderAtEnd(folder);
  const records = openRecords(folder);
  records.plan([]);
  const preload = pathToFileURL(join(import.meta.dirname, 'preload.ts'));
  preload.searchParams.set('folder', folder);
  const fleet = await fleetFixture({
    clusters: Object.entries(environments).flatMap(([env, names]) =>
      names.map((name) => ({ name, labels: { env, ...(name === 'prod-canary' && { tier: 'canary' }) } })),
    ),
    hubNodeArguments: [`--import=${preload.href}`],
    repositories: { web: () => files('0'), fleet: (gitUrl) => ({ 'fairlead.yaml': fleetDocuments(gitUrl) }) },
  });
  await until(() => isAtRest(fleet, { version: '0', inProd: '0' }), { what: 'the first release', timeoutMs });
  return { walk: walker(fleet, records), stop: () => fleet.stop() };
}

function walker(fleet: Fleet, records: Records): Rig['walk'] {
  let walks = 0;
  let inProd = '0';
  return async ({ isBad, points }) => {
    walks += 1;
    const version = `${isBad ? 'bad-' : ''}${walks}`;
    if (!isBad) inProd = version;
    const writes = await followWrites(fleet);
    const head = (await fleet.git.refs('fleet')).get('refs/heads/main') ?? '';
    records.plan(points);
    // The hub may die before it has thanked for the bell.
    await fleet.push('web', { files: files(version), message: version }).catch(() => undefined);
    const starts = await untilDone(fleet, { version, inProd });
    const log = await fleet.git.git('fleet', 'log', '--reverse', '--format=%s', `${head}..main`);
    const commits = log
      .replaceAll(/ [0-9a-f]{12}\b/g, '')
      .split('\n')
      .filter(Boolean);
    const [effects, missed] = [records.effects(), records.points()];
    return { effects, starts, missed, commits, writes: await writes(writesOf({ isBad })) };
  };
}

interface Goal {
  readonly version: string;
  /** What prod is to run: the version, or the one before it. */
  readonly inProd: string;
}

/** Starts the hub whenever it has died, be it at its start, until everything has come to rest. Resolves to how often. */
async function untilDone({ hub, ...fleet }: Fleet, goal: Goal): Promise<number> {
  let starts = 0;
  const what = `${JSON.stringify(goal)} to be where it belongs`;
  const look = async (): Promise<boolean> => {
    if (!hub.isRunning()) {
      starts += 1;
      await hub.start();
    }
    return isAtRest({ hub, ...fleet }, goal);
  };
  await until(look, { what, timeoutMs, pollMs: 20 });
  return starts;
}

/** Whether each cluster has what it should, and the hub has nothing left to do. This is when to look, and not what is asserted. */
async function isAtRest({ hub, member }: Fleet, { version, inProd }: Goal): Promise<boolean> {
  const { items } = await hub.client.call('listRollouts', { query: { application: 'default/web' } });
  if (items.length < 3 || items.some(({ state }) => state !== 'Over')) return false;
  const isKept = items.some(({ environment, next }) => environment === 'prod' && next?.reason === 'Rejected');
  if (isKept !== (version !== inProd)) return false;
  for (const name of clusters) {
    const { data } = await member(name).plane.api.get('/api/v1/namespaces/web/configmaps/settings');
    if (data.version !== (name.startsWith('prod') ? inProd : version)) return false;
  }
  return true;
}

/** How often agents write the object in each cluster, if nothing is skipped or doubled: a rollback is one more write. */
export function writesOf({ isBad }: Pick<Walk, 'isBad'>): Readonly<Record<Cluster, number>> {
  const rest = isBad ? 0 : 1;
  return { dev: 1, staging: 1, 'prod-canary': isBad ? 2 : 1, 'prod-1': rest, 'prod-2': rest, 'prod-3': rest };
}

/**
 * Follows what agents write of the object from now on. What is returned waits until so much is in the logs, which are
 * written after the answers, and resolves to all that is there.
 */
async function followWrites({
  member,
}: Fleet): Promise<(least: ReturnType<typeof writesOf>) => Promise<Walked['writes']>> {
  const logs = await Promise.all(
    clusters.map(async (name) => {
      const { next } = await followAudit(member(name).plane.auditLogPath);
      return { name, next, seen: [] as AuditEntry[] };
    }),
  );
  return async (least) => {
    for (const { name, next, seen } of logs) {
      const isThere = async (): Promise<boolean> => seen.push(...(await next()).filter(isOfObject)) >= least[name];
      await until(isThere, { what: `the log of ${name} to have ${least[name]} writes` });
    }
    return Object.fromEntries(logs.map(({ name, seen }) => [name, seen])) as unknown as Walked['writes'];
  };
}

function isOfObject(entry: AuditEntry): boolean {
  const { objectRef, requestUri } = entry;
  const isReal = isWrite(entry) && isOfApplications(entry) && !requestUri.includes('dryRun');
  return isReal && objectRef?.resource === 'configmaps' && objectRef.name === 'settings';
}
