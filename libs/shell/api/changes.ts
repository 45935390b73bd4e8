import {
  asFairleadError,
  FairleadError,
  reasons,
  sourcesOf,
  urlOf,
  type Application,
  type ApplicationId,
  type Source,
} from '@fairlead/core/model';
import { attemptsOf } from '@fairlead/core/releases';
import type { Clock } from '@fairlead/ports/clock';
import type { SourceChanges } from '@fairlead/ports/source';
import {
  actionOf,
  ledgerFiles,
  newestFirst,
  sortedNewestFirst,
  type Line,
  type LineQuery,
  type NthCommit,
} from './lines.ts';
import { optional } from './optional.ts';
import { pageOf, type PageRequest } from './pages.ts';
import type { LedgerCommit, ReadPorts } from './ports.ts';

/** {@link ReadPorts}, and who knows the history of sources. */
export interface ChangesPorts extends ReadPorts {
  /** Throws `FairleadError` where the history cannot be read. */
  compare(asked: {
    readonly source: Source;
    readonly team: string;
    readonly from: string;
    readonly to: string;
    readonly most: number;
  }): Promise<SourceChanges>;
}

/** How many commits of a source are told for one promotion. */
const mostCommits = 50;
/** How long a git server is waited for: less than a client waits for the page. */
const patienceMs = 20_000;

/** What an environment was given, and what it had before. */
interface Step extends Line {
  readonly now: NthCommit;
  readonly before: LedgerCommit | undefined;
}

/**
 * What promotions and returns changed, newest first, with the commits of the sources between the release before and this one.
 * A source whose history cannot be read is told with its problem, and keeps nobody else's answer.
 */
export async function listChanges(ports: ChangesPorts, query: PageRequest & LineQuery) {
  const steps = ledgerFiles(ports, query).flatMap(({ environment, application, commits }) =>
    stepsOf(commits).map(({ now, before }): Step => {
      const { timeMs, nth } = now;
      return { environment, application, timeMs, nth, now, before };
    }),
  );
  const page = pageOf(sortedNewestFirst(steps), { ...query, key: newestFirst });
  return { ...page, items: await Promise.all(page.items.map((step) => stepView(ports, step))) };
}

/** The commits that gave the environment another release, each with the one before it; newest first. */
function stepsOf(commits: readonly NthCommit[]): Pick<Step, 'now' | 'before'>[] {
  const byName = new Map(commits.map((one) => [one.commit, one]));
  const attempts = attemptsOf(commits).flatMap(({ commit }) => byName.get(commit) ?? []);
  return attempts.map((now, at) => ({ now, before: attempts[at + 1] }));
}

async function stepView(ports: ChangesPorts, { environment, application, now, before }: Step) {
  const names = new Set([...Object.keys(now.revisions), ...Object.keys(before?.revisions ?? {})]);
  const sources = [...names].sort().map((name) => {
    const [from, to] = [before?.revisions[name], now.revisions[name]];
    return sourceView(ports, { application: application as ApplicationId, name, from, to });
  });
  return {
    application,
    environment,
    commit: now.commit as string,
    timeMs: now.timeMs,
    author: now.author,
    action: actionOf(now),
    ...releaseView(now),
    ...optional('before', before && releaseView(before)),
    sources: await Promise.all(sources),
  };
}

function releaseView({ version, digest, definition }: LedgerCommit) {
  return { version, release: digest as string, definition: definition as string };
}

interface Asked {
  readonly application: ApplicationId;
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

async function sourceView(ports: ChangesPorts, asked: Asked) {
  const { application, name, from, to } = asked;
  const definition = ports.fleet()?.documents.applications.get(application);
  const source = definition && sourcesOf(definition)[name];
  const head = { name, ...optional('url', source && urlOf(source)), ...optional('from', from), ...optional('to', to) };
  const none = { ...head, commits: [], more: false, reached: from === to, back: false };
  if (from === undefined || to === undefined || from === to) return none;
  try {
    const readable = readableSource(ports, asked, { definition, source });
    const answer = ports.compare({ ...readable, from, to, most: mostCommits });
    const { commits, more, reached, back } = await within(ports.clock, readable.source, answer);
    return { ...head, commits: commits.map((one) => ({ ...one, author: { ...one.author } })), more, reached, back };
  } catch (thrown) {
    const { code, reason, message } = asFairleadError(thrown);
    // What nobody wrote for people may hold anything.
    const words = code === 'Internal' ? reasons[reason] : message;
    return { ...none, problem: { reason: reason as string, message: words } };
  }
}

/** Where the history lies, if the fleet still says so, and the team may read there. */
function readableSource(
  ports: Pick<ReadPorts, 'fleet'>,
  { application, name }: Asked,
  found: { readonly definition: Application | undefined; readonly source: Source | undefined },
): { readonly source: Source; readonly team: string } {
  const { definition, source } = found;
  if (!definition || !source)
    throw new FairleadError(
      `Cannot tell what changed in the source ${name} of ${application}: the fleet repository defines no such source any more.`,
      { code: 'NotFound', reason: 'SourceNotFound', subject: { application } },
    );
  const held = ports.fleet()?.documents.held.get(application) ?? [];
  const forbidden = held.find(({ reason }) => reason === 'TeamForbids');
  if (forbidden) throw forbidden;
  return { source, team: definition.spec.team };
}

/** The answer, unless it takes too long; the question goes on then, and its answer is there for the next call. */
function within<T>(clock: Clock, source: Source, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = new FairleadError(
      `Cannot tell yet what changed in ${urlOf(source)}: its history was not read within ${patienceMs / 1000} s. Ask again: what was read by then is kept.`,
      { code: 'DeadlineExceeded', reason: 'SourceUnavailable', retry: 'backoff', subject: { file: urlOf(source) } },
    );
    const stop = clock.after(patienceMs, () => reject(late));
    answer.then(resolve, reject).finally(stop);
  });
}
