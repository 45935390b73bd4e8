import { connectionOf, type SilencePolicy } from '@fairlead/core/connection';
import type { ApplicationId, ClusterName, DesiredEntry, JsonObject } from '@fairlead/core/model';
import type { AssignmentRow, Change, ClusterRow, HeadRow, StatusRow, Store } from '@fairlead/ports/store';

/** All rows of one application. */
export interface ApplicationRows {
  readonly rows: ReadonlyMap<ClusterName, AssignmentRow>;
  readonly statuses: ReadonlyMap<ClusterName, StatusRow>;
}

/** What a bell named: rows of these that are to be read again. */
export interface Marks {
  readonly clusters: readonly ClusterName[];
  readonly applications: readonly ApplicationId[];
}

/** Facts that say who is a member, for gateways. */
export const memberPrefix = 'member:';

/** For how long the row of a cluster that seems silent is believed: a word that changes nothing rings no bell. */
const silentReadMs = 10_000;

/**
 * The store's rows as the planner works with them: read whole once, then only what bells named, so that a pass costs what
 * changed and not what there is. The store stays the record: whoever doubts the board forgets it, and it is read anew.
 * Assignments and heads are the planner's own columns, which nobody else writes while its fence holds.
 */
export interface Board {
  /** What was named is read again at the next look; `all` forgets everything. */
  mark(what: Marks | 'all'): void;
  /** Rows of all clusters, brought up to date; those that seem silent are read again before it is concluded. */
  clusters(at: {
    readonly nowMs: number;
    readonly silence: SilencePolicy;
  }): Promise<ReadonlyMap<ClusterName, ClusterRow>>;
  /**
   * Whether a cluster was found to have said what it runs that had not, since this was asked last. All of its statuses are
   * read again then, whatever bells named: its row and they were written together, and bells may be behind.
   */
  hasNewWord(): boolean;
  /** Rows of an application, brought up to date. */
  rowsOf(application: ApplicationId): Promise<ApplicationRows>;
  /** Members as gateways know them, the facts `member:NAME`, by name. */
  members(): Promise<ReadonlyMap<string, JsonObject>>;
  /** Takes over what the planner has written. */
  wrote(changes: readonly Change[]): void;
}

interface Page {
  readonly rows: Map<ClusterName, AssignmentRow>;
  readonly statuses: Map<ClusterName, StatusRow>;
  /** Clusters whose status is to be read again. */
  readonly stale: Set<ClusterName>;
  /** Equal entries are kept once: clusters share bundles. */
  readonly entries: Map<string, DesiredEntry>;
}

/** Opens a board over a store; nothing is read yet. `maxRows` bounds the rows of applications that are kept. */
export function openBoard(store: Store, { maxRows }: { readonly maxRows: number }): Board {
  return new StoreBoard(store, maxRows);
}

class StoreBoard implements Board {
  readonly #store: Store;
  readonly #maxRows: number;
  /** In the order of use. */
  readonly #pages = new Map<ApplicationId, Page>();
  #clusters: Map<ClusterName, ClusterRow> | undefined;
  #members: Map<string, JsonObject> | undefined;
  #readAtMs = new Map<ClusterName, number>();
  #stale = new Set<ClusterName>();
  /** How often everything was doubted: what was read before the last time is not kept. */
  #doubts = 0;
  #hasNewWord = false;

  constructor(store: Store, maxRows: number) {
    this.#store = store;
    this.#maxRows = maxRows;
  }

  mark(what: Marks | 'all'): void {
    if (what === 'all') {
      this.#doubts += 1;
      this.#clusters = undefined;
      this.#members = undefined;
      this.#pages.clear();
      this.#stale.clear();
      return;
    }
    for (const cluster of what.clusters) this.#stale.add(cluster);
    for (const application of what.applications) {
      const page = this.#pages.get(application);
      for (const cluster of page === undefined ? [] : what.clusters) page?.stale.add(cluster);
    }
  }

  async clusters(at: {
    readonly nowMs: number;
    readonly silence: SilencePolicy;
  }): Promise<ReadonlyMap<ClusterName, ClusterRow>> {
    // Held here: a doubt that comes while something is read empties the board, and this look goes on with what it has.
    const clusters = this.#clusters;
    if (clusters === undefined) return this.#readAll(at.nowMs);
    for (const cluster of this.#seemSilent(clusters, at)) this.#stale.add(cluster);
    const stale = this.#stale;
    // What is named from now on is for the next look.
    this.#stale = new Set();
    try {
      await this.#readClusters(clusters, { names: [...stale], nowMs: at.nowMs });
    } catch (thrown) {
      for (const cluster of stale) this.#stale.add(cluster);
      throw thrown;
    }
    return clusters;
  }

  hasNewWord(): boolean {
    const has = this.#hasNewWord;
    this.#hasNewWord = false;
    return has;
  }

  async rowsOf(application: ApplicationId): Promise<ApplicationRows> {
    const known = this.#pages.get(application);
    if (known === undefined) return this.#readPage(application);
    await this.#readStatuses(application, known);
    this.#pages.delete(application);
    this.#pages.set(application, known);
    return known;
  }

  async members(): Promise<ReadonlyMap<string, JsonObject>> {
    if (this.#members !== undefined) return this.#members;
    const doubts = this.#doubts;
    const facts = await this.#store.facts(memberPrefix);
    const members = new Map([...facts].map(([key, value]) => [key.slice(memberPrefix.length), value]));
    if (doubts === this.#doubts) this.#members = members;
    return members;
  }

  wrote(changes: readonly Change[]): void {
    for (const change of changes) {
      if ('put' in change) this.#put(change);
      else if (change.drop === 'cluster') this.#dropCluster(change.cluster);
      else if (change.drop === 'assignment') this.#pages.get(change.application)?.rows.delete(change.cluster);
      else if (change.drop === 'fact' && change.key.startsWith(memberPrefix))
        this.#members?.delete(change.key.slice(memberPrefix.length));
    }
  }

  #put(change: Extract<Change, { put: string }>): void {
    if (change.put === 'assignment') this.#putRow(change.row);
    else if (change.put === 'head') this.#putHead(change.row);
    else if (change.put === 'fact' && change.key.startsWith(memberPrefix))
      this.#members?.set(change.key.slice(memberPrefix.length), change.value);
  }

  async #readAll(nowMs: number): Promise<ReadonlyMap<ClusterName, ClusterRow>> {
    // What is named from now on may be written after it was read; statuses that were read before may be older than rows.
    this.#stale.clear();
    this.#pages.clear();
    const doubts = this.#doubts;
    const clusters = new Map((await this.#store.clusters()).map((row) => [row.cluster, row]));
    if (doubts === this.#doubts) this.#clusters = clusters;
    this.#readAtMs = new Map([...clusters.keys()].map((cluster) => [cluster, nowMs]));
    this.#hasNewWord = true;
    return clusters;
  }

  #seemSilent(
    clusters: ReadonlyMap<ClusterName, ClusterRow>,
    { nowMs, silence }: { readonly nowMs: number; readonly silence: SilencePolicy },
  ): ClusterName[] {
    const seems: ClusterName[] = [];
    for (const [cluster, row] of clusters) {
      const heardMs = row.lastHeardAtMs ?? 0;
      if (row.unansweredSinceMs === undefined && nowMs - heardMs < silence.silentAfterMs) continue;
      const { connection } = connectionOf(row, { nowMs, policy: silence });
      if (connection === 'Connected' || connection === 'Never') continue;
      if (nowMs - (this.#readAtMs.get(cluster) ?? 0) >= silentReadMs) seems.push(cluster);
    }
    return seems;
  }

  async #readClusters(
    clusters: Map<ClusterName, ClusterRow>,
    { names, nowMs }: { readonly names: readonly ClusterName[]; readonly nowMs: number },
  ): Promise<void> {
    if (names.length === 0) return;
    const rows = new Map((await this.#store.clusters({ names })).map((row) => [row.cluster, row]));
    for (const name of names) {
      const row = rows.get(name);
      this.#readAtMs.set(name, nowMs);
      if (row?.statusDigest !== undefined && clusters.get(name)?.statusDigest === undefined) this.#spoke(name);
      if (row === undefined) clusters.delete(name);
      else clusters.set(name, row);
    }
  }

  #spoke(cluster: ClusterName): void {
    this.#hasNewWord = true;
    for (const page of this.#pages.values()) page.stale.add(cluster);
  }

  async #readPage(application: ApplicationId): Promise<Page> {
    const page: Page = { rows: new Map(), statuses: new Map(), stale: new Set(), entries: new Map() };
    // Kept before it is read: what a bell names meanwhile may be written after it was read.
    this.#pages.set(application, page);
    const [rows, statuses] = await Promise.all([
      this.#store.assignments({ application }),
      this.#store.statuses({ application }),
    ]).catch((thrown: unknown) => {
      this.#pages.delete(application);
      throw thrown;
    });
    for (const row of rows) page.rows.set(row.cluster, shared(page, row));
    for (const row of statuses) page.statuses.set(row.cluster, row);
    this.#trim(application);
    return page;
  }

  async #readStatuses(application: ApplicationId, page: Page): Promise<void> {
    if (page.stale.size === 0) return;
    const clusters = [...page.stale];
    page.stale.clear();
    const read = this.#store.statuses({ application, clusters }).catch((thrown: unknown) => {
      for (const cluster of clusters) page.stale.add(cluster);
      throw thrown;
    });
    const rows = await read;
    const { statuses } = page;
    for (const cluster of clusters) statuses.delete(cluster);
    for (const row of rows) statuses.set(row.cluster, row);
  }

  #putRow(row: AssignmentRow): void {
    const page = this.#pages.get(row.application);
    page?.rows.set(row.cluster, shared(page, row));
  }

  #putHead(head: HeadRow): void {
    const row = this.#clusters?.get(head.cluster);
    if (row === undefined) this.#stale.add(head.cluster);
    else this.#clusters?.set(head.cluster, { ...row, ...head });
  }

  #dropCluster(cluster: ClusterName): void {
    this.#clusters?.delete(cluster);
    for (const page of this.#pages.values()) {
      page.rows.delete(cluster);
      page.statuses.delete(cluster);
    }
  }

  /** Forgets the applications that were looked at longest ago, never the one that is looked at now. */
  #trim(current: ApplicationId): void {
    let rows = 0;
    for (const page of this.#pages.values()) rows += page.rows.size + page.statuses.size;
    for (const [application, page] of this.#pages) {
      if (rows <= this.#maxRows || application === current) return;
      this.#pages.delete(application);
      rows -= page.rows.size + page.statuses.size;
    }
  }
}

/** Entries that no row names any more are forgotten when there are too many. */
const keptEntries = 1000;

function shared(page: Page | undefined, row: AssignmentRow): AssignmentRow {
  if (page === undefined || row.entry === undefined) return row;
  const { entries } = page;
  const key = JSON.stringify(row.entry);
  const entry = entries.get(key) ?? row.entry;
  if (entries.size >= keptEntries) entries.clear();
  entries.set(key, entry);
  return entry === row.entry ? row : { ...row, entry };
}
