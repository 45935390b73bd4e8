import {
  joinFleet,
  joinLedger,
  ledgerSlot,
  parseFile,
  parseLedgerFile,
  type FleetDocuments,
  type Ledger,
  type ParsedFile,
  type ParsedLedgerFile,
  releaseKey,
} from '@fairlead/core/documents';
import { FairleadError, type CommitSha, type ReleaseFile } from '@fairlead/core/model';
import { place } from '@fairlead/core/placement';
import type { Repository, RepositoryCommit, RepositoryFile } from '@fairlead/ports/repository';
import type { Change, Store } from '@fairlead/ports/store';
import { carryDocuments, carryLedger } from './carry.ts';
import { fold } from './fold.ts';
import { keepWalk, loadWalk } from './keep.ts';
import { findGonePins } from './pins.ts';
import type { FleetSnapshot, Walked } from './snapshot.ts';

/** What the reader needs. */
export interface ReaderPorts {
  readonly repository: Repository;
  readonly store: Store;
}

/** Options of {@link readFleetRepository}. */
export interface ReaderOptions {
  /** Names the branch in what is kept, such as `URL#main`. */
  readonly branch: string;
  /** Keeps what was walked, or says by false that this is not its business now; by writing to the store unless told. */
  readonly keep?: (changes: readonly Change[]) => Promise<boolean>;
}

/** Reads the fleet repository head by head, one reading at a time. */
export interface FleetReader {
  /** The last head that was taken; undefined before the first. */
  current(): FleetSnapshot | undefined;
  /**
   * Fetches the branch and takes its head. Throws LedgerRewritten for a head that does not descend from the last one,
   * until a commit acknowledges it; the last snapshot stays then.
   */
  refresh(): Promise<FleetSnapshot>;
  /** The store may not have what was kept in it: the next reading compares, and keeps what is missing. */
  recheck(): void;
}

/** How many parsed files are kept by the id of their content. */
const parsedFiles = 20_000;
/** How far back a rewritten branch is searched for the commit that acknowledges it. */
const rewriteSearch = 1000;

/** Makes a reader. History is walked once; what it said is kept in the store beside the head that it reached. */
export function readFleetRepository(ports: ReaderPorts, options: ReaderOptions): FleetReader {
  const { repository, store } = ports;
  const { branch, keep = keepIn(store) } = options;
  const parse = parser();
  const gonePins = findGonePins(repository);
  let snapshot: FleetSnapshot | undefined;
  let walked: Walked | undefined;
  /** The walk that the store has; what grew since is written. */
  let kept: Walked | undefined;
  let loaded = false;
  let distrusted = false;

  const take = async (head: CommitSha): Promise<FleetSnapshot> => {
    const base = await baseOf(repository, { head, walked });
    const documents = base ? snapshot?.documents : undefined;
    const next = await walk(ports, { head, base, documents, parse });
    const ledger = carryLedger(await ledgerAt(repository, { head, path: next.ledgerPath, parse }), snapshot?.ledger);
    const gone = await gonePins(ledger, { head, ledgerPath: next.ledgerPath });
    // Only together: a walk that is ahead of its documents would never read them.
    snapshot = snapshotOf(next, { ...ledger, problems: [...ledger.problems, ...gone] });
    walked = next.walked;
    return snapshot;
  };
  const refresh = async (): Promise<FleetSnapshot> => {
    if (!loaded) walked = kept = await loadWalk(store, branch);
    loaded = true;
    const head = await repository.fetch();
    const taken = snapshot?.head === head ? snapshot : await take(head);
    if (distrusted) {
      const has = await loadWalk(store, branch);
      if (has?.head !== kept?.head) kept = has;
      distrusted = false;
    }
    if (walked !== undefined && walked !== kept) {
      if (await keep(await keepWalk(store, { walked, before: kept, branch }))) kept = walked;
    }
    return taken;
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    current: () => snapshot,
    recheck() {
      distrusted = true;
    },
    refresh() {
      const next = last.then(refresh);
      last = next.catch(() => undefined);
      return next;
    },
  };
}

function keepIn(store: Store): (changes: readonly Change[]) => Promise<boolean> {
  return async (changes) => {
    await store.write(changes);
    return true;
  };
}

/** Where the walk may go on from: what is known, nothing, or an error when history was rewritten. */
async function baseOf(
  repository: Repository,
  { head, walked }: { head: CommitSha; walked: Walked | undefined },
): Promise<Walked | undefined> {
  if (!walked || head === walked.head) return walked;
  if (await repository.descends(head, walked.head)) return walked;
  for await (const commit of repository.history(head, { limit: rewriteSearch })) {
    if (commit.trailers.some(([key, value]) => key === 'Fairlead-Acknowledge' && value === `Rewrite ${walked.head}`))
      return undefined;
  }
  throw new FairleadError(
    `Cannot take the head ${head} of the fleet repository: it does not descend from ${walked.head}, the last one seen. If this was meant, run \`fairlead acknowledge Rewrite ${walked.head}\`; else restore the branch.`,
    { code: 'FailedPrecondition', reason: 'LedgerRewritten', retry: 'backoff' },
  );
}

interface Reached {
  readonly walked: Walked;
  readonly documents: FleetDocuments;
  readonly ledgerPath: string;
}

interface WalkRequest {
  readonly head: CommitSha;
  readonly base: Walked | undefined;
  /** Documents in force at the base; undefined after a start: the last good state is then looked for in history. */
  readonly documents: FleetDocuments | undefined;
  readonly parse: Parser;
}

/** Folds the commits after the base into what is known, oldest first. */
async function walk({ repository }: ReaderPorts, { head, base, documents, parse }: WalkRequest): Promise<Reached> {
  const commits: RepositoryCommit[] = [];
  const until = base?.head;
  if (until !== head)
    for await (const commit of repository.history(head, until === undefined ? {} : { until })) commits.push(commit);
  let reached = documents ?? (until === undefined ? undefined : await lastGood(repository, { at: until, parse }));
  let walked = base;
  for (const commit of commits.reverse()) {
    const ledgerPath = reached?.fleet?.spec.ledger.path ?? 'ledger';
    const definitionsMoved = reached === undefined || commit.changed.some((path) => !path.startsWith(`${ledgerPath}/`));
    if (definitionsMoved)
      reached = carryDocuments(await documentsAt(repository, { at: commit.commit, ledgerPath, parse }), reached);
    const releases = await releasesOf(repository, {
      commit,
      ledgerPath: reached?.fleet?.spec.ledger.path ?? 'ledger',
      parse,
    });
    walked = fold(walked, { commit, releases, ...(definitionsMoved && reached ? { documents: reached } : {}) });
  }
  if (!walked || !reached)
    throw new FairleadError(
      `Cannot read the fleet repository at ${head}: its history is empty or cut. Fetch it whole.`,
      { code: 'DataLoss', reason: 'HistoryIncomplete' },
    );
  return { walked, documents: reached, ledgerPath: reached.fleet?.spec.ledger.path ?? 'ledger' };
}

/** Documents in force at a commit, of which what is broken there is looked for in the commits before it, within a bound. */
async function lastGood(
  repository: Repository,
  { at, parse }: { at: CommitSha; parse: Parser },
): Promise<FleetDocuments> {
  const found = await documentsAt(repository, { at, ledgerPath: 'ledger', parse });
  const ledgerPath = found.fleet?.spec.ledger.path ?? 'ledger';
  if (found.broken.length === 0) return found;
  const older: FleetDocuments[] = [];
  for await (const commit of repository.history(at, { limit: rewriteSearch })) {
    const documents = await documentsAt(repository, { at: commit.commit, ledgerPath, parse });
    older.push(documents);
    if (documents.broken.length === 0) break;
  }
  return older.reduceRight<FleetDocuments>((last, one) => carryDocuments(one, last), older.at(-1) ?? found);
}

interface At {
  readonly at: CommitSha;
  readonly ledgerPath: string;
  readonly parse: Parser;
}

async function documentsAt(repository: Repository, { at, ledgerPath, parse }: At): Promise<FleetDocuments> {
  const files = await repository.files(at, { except: ledgerPath });
  const joined = joinFleet(files.map((file) => parse.definitions(file)));
  const named = joined.fleet?.spec.ledger.path ?? ledgerPath;
  return named === ledgerPath
    ? joined
    : joinFleet((await repository.files(at, { except: named })).map((file) => parse.definitions(file)));
}

async function ledgerAt(
  repository: Repository,
  { head, path, parse }: { head: CommitSha; path: string; parse: Parser },
): Promise<Ledger> {
  const files = await repository.files(head, { under: path });
  return joinLedger(files.map((file) => parse.ledger(file, path)));
}

async function releasesOf(
  repository: Repository,
  { commit, ledgerPath, parse }: { commit: RepositoryCommit; ledgerPath: string; parse: Parser },
): Promise<Map<string, ReleaseFile | null>> {
  const releases = new Map<string, ReleaseFile | null>();
  for (const path of commit.changed) {
    if (!path.startsWith(`${ledgerPath}/`)) continue;
    const slot = ledgerSlot(ledgerPath, path);
    if (slot?.kind !== 'Release') continue;
    const file = await repository.file(commit.commit, path);
    const parsed = file && parse.ledger(file, ledgerPath);
    if (!parsed) releases.set(releaseKey(slot), null);
    else if (parsed.kind === 'Release') releases.set(releaseKey(slot), parsed.value);
  }
  return releases;
}

interface Parser {
  definitions(file: RepositoryFile): ParsedFile;
  ledger(file: RepositoryFile, ledgerPath: string): ParsedLedgerFile;
}

/** Parses each content once; the oldest are forgotten past the bound. */
function parser(): Parser {
  const kept = new Map<string, unknown>();
  const once = <T>(key: string, make: () => T): T => {
    const found = kept.get(key) as T | undefined;
    if (found !== undefined) return found;
    const made = make();
    kept.set(key, made);
    if (kept.size > parsedFiles) kept.delete(kept.keys().next().value ?? '');
    return made;
  };
  return {
    definitions: (file) => once(`${file.oid} ${file.path}`, () => parseFile(file.text, file.path)),
    ledger: (file, ledgerPath) =>
      once(`${file.oid} ${ledgerPath} ${file.path}`, () => parseLedgerFile(file, { ledgerPath })),
  };
}

function snapshotOf({ walked, documents, ledgerPath }: Reached, ledger: Ledger): FleetSnapshot {
  const placement = place({ ...documents, members: ledger.members });
  return {
    ...walked,
    documents,
    ledger,
    ledgerPath,
    placement,
    problems: [...documents.problems, ...ledger.problems, ...placement.problems],
  };
}
