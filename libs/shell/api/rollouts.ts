import { splitApplicationId, type ApplicationId } from '@fairlead/core/model';
import { decidedOf, recordsOf, standingsOf } from './decisions.ts';
import { actionOf, ledgerFiles, newestFirst, sortedNewestFirst } from './lines.ts';
import { pageOf, type PageRequest } from './pages.ts';
import { optional } from './optional.ts';
import type { LedgerCommit, ReadPorts } from './ports.ts';

/** Which (application, environment) pairs a call is for. */
export interface PairQuery extends PageRequest {
  readonly application?: string | undefined;
  readonly environment?: string | undefined;
}

interface Pair {
  readonly application: ApplicationId;
  readonly environment: string;
  readonly key: string;
}

function pairsOf(ports: ReadPorts, { application, environment }: PairQuery): Pair[] {
  const pairs: Pair[] = [];
  for (const [id, { spec }] of ports.fleet()?.documents.applications ?? []) {
    const { team, name } = splitApplicationId(id);
    for (const entry of spec.pipeline)
      pairs.push({ application: id, environment: entry.environment, key: `${entry.environment}/${team}/${name}` });
  }
  return pairs
    .filter(
      (pair) =>
        (application === undefined || pair.application === application) &&
        (environment === undefined || pair.environment === environment),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What spreads or stands, with waves, clusters, gates and the next decision. */
export async function listRollouts(ports: ReadPorts, query: PairQuery) {
  const page = pageOf(pairsOf(ports, query), { ...query, key: (pair) => pair.key });
  return { ...page, items: await Promise.all(page.items.map((pair) => rolloutView(ports, pair))) };
}

/** The newest decisions about one application in one environment, with everything that they rested on. */
export async function getDecisions(
  ports: Pick<ReadPorts, 'store'>,
  { environment, team, name }: { readonly environment: string; readonly team: string; readonly name: string },
) {
  return { items: await recordsOf(ports, `${environment}/${team}/${name}`) };
}

async function rolloutView(ports: ReadPorts, { application, environment, key }: Pair) {
  const fleet = ports.fleet();
  const [decided, standings] = await Promise.all([decidedOf(ports, key), standingsOf(ports, key)]);
  const file = fleet?.ledger.releases.get(key)?.spec;
  return {
    application: application as string,
    environment,
    ...optional('version', file?.version),
    ...optional('release', file?.digest as string | undefined),
    ...optional('attempt', fleet?.named.get(key)?.[0]?.commit as string | undefined),
    state: decided?.state ?? 'Waiting',
    waves: (decided?.waves ?? []).map(({ name, state, total, done, inProgress, reason, message }) => ({
      name,
      state,
      total,
      done,
      inProgress,
      reason: reason as string,
      message,
    })),
    clusters: standings.map(({ cluster, wave, state, reason, message }) => ({
      cluster,
      ...optional('wave', wave),
      state,
      reason: reason as string,
      message,
    })),
    gates: (decided?.gates ?? []).map((gate) => ({ ...gate })),
    ...optional('entered', enteredWith(fleet?.named.get(key) ?? [])),
    ...optional('candidate', decided?.candidate),
    ...optional('next', decided?.next && { ...decided.next, reason: decided.next.reason }),
    reason: (decided?.why.reason ?? 'NoCandidate') as string,
    message: decided?.why.message ?? 'Nothing was decided yet.',
    ...optional('lookAtMs', decided?.why.lookAtMs),
  };
}

/** The verdicts of the newest attempt, which its promotion's commit keeps for good; commits of holds and halts have none. */
function enteredWith(commits: readonly LedgerCommit[]): string | undefined {
  const before = commits.findIndex(({ digest }) => digest !== commits[0]?.digest);
  const attempt = before < 0 ? commits : commits.slice(0, before);
  return attempt.flatMap(({ trailers }) => trailers).find(([key]) => key === 'Fairlead-Gates')?.[1];
}

/** The ledger's commits, newest first. */
export async function listReleases(ports: ReadPorts, query: PairQuery) {
  const lines = ledgerFiles(ports, query).flatMap(({ environment, application, commits }) =>
    commits.map((commit) => ({ ...commit, environment, application })),
  );
  const page = pageOf(sortedNewestFirst(lines), { ...query, key: newestFirst });
  const items = page.items.map((line) => ({
    application: line.application,
    environment: line.environment,
    commit: line.commit as string,
    timeMs: line.timeMs,
    author: line.author,
    action: actionOf(line),
    version: line.version,
    release: line.digest as string,
    message: line.message.split('\n', 1)[0] ?? '',
    trailers: line.trailers.map(([key, value]): [string, string] => [key, value]),
  }));
  return { ...page, items };
}
