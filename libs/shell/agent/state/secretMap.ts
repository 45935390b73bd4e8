import { FairleadError, type KubeObject } from '@fairlead/core/model';
import type { AgentLog } from '../log.ts';
import { isOldNews } from '../loop/item.ts';
import {
  bytesOf,
  isConflict,
  namesOf,
  readChunk,
  secretKind,
  secretOf,
  self,
  stateLabel,
  writeChunk,
  type ChunkRef,
  type SecretPlace,
} from './chunks.ts';
import { emptyLog, grow, packedLogOf, unpackLog, type PackedLog } from './packedLog.ts';
import { charsOf, packText, unpackText, type StateRecord } from './records.ts';

/** What one write changes; all of it or nothing. */
export interface MapChange {
  readonly put?: Iterable<readonly [key: string, value: string]>;
  readonly remove?: Iterable<string>;
  /** A text beside the records, replaced as a whole; undefined leaves it. */
  readonly meta?: string;
}

/**
 * A map of texts that lives in Secrets: a head with the newest changes, and chunks named by their digests for the rest.
 * Chunks are written before the head that names them, and old ones are deleted after it, so that a kill at any moment
 * leaves the map as it was before a commit or after it. Whoever commits last owns the map: an earlier owner gets
 * `Aborted` and must stop.
 */
export interface SecretMap {
  readonly meta: string | undefined;
  has(key: string): boolean;
  keys(): Iterable<string>;
  get(key: string): Promise<string | undefined>;
  /** All records, chunk by chunk. */
  entries(): AsyncIterable<readonly [key: string, value: string]>;
  /** Resolves when the change outlives the process. Commits run one after the other, in order. */
  commit(change: MapChange): Promise<void>;
  /** Deletes the map, head first. */
  destroy(): Promise<void>;
}

/** Options of {@link openSecretMap}. */
export interface SecretMapOptions extends SecretPlace {
  /** Names this process among all that may open the map. */
  readonly holder: string;
  readonly log: AgentLog;
  /** The Secrets of the map as they are now, by name; see {@link listState}. */
  readonly found: ReadonlyMap<string, KubeObject>;
  /** Told when another process wrote the map: this one must stop. */
  readonly superseded?: (error: FairleadError) => void;
  /** True: what is there is not read but written over, since it was found damaged. */
  readonly anew?: boolean;
  /** Changes are kept in the head until they have this many characters. */
  readonly logChars?: number;
  /** Records are cut into chunks of about this many characters. */
  readonly chunkChars?: number;
  /** Texts of chunks that were read or written are kept up to this many characters: two chunks unless told. */
  readonly cachedChars?: number;
}

interface Contents {
  readonly log: ReadonlyMap<string, string | undefined>;
  readonly packed: PackedLog;
  readonly chunks: readonly ChunkRef[];
  readonly meta: string | undefined;
}

interface Written {
  readonly ref: ChunkRef;
  readonly records: readonly StateRecord[];
}

interface Head {
  readonly format: 1;
  readonly holder: string;
  readonly chunks: readonly ChunkRef[];
  readonly meta?: string;
}

const defaults = {
  anew: false,
  superseded: (): void => undefined,
  logChars: 512 * 1024,
  chunkChars: 2 * 1024 * 1024,
  cachedChars: 5 * 1024 * 1024,
};
/** More chunks than this are written anew as few. */
const mostChunks = 48;
const conflictTries = 3;

/** All Secrets of the agent's state, by name: one call for all maps of a namespace. */
export async function listState(place: Omit<SecretPlace, 'name'>): Promise<ReadonlyMap<string, KubeObject>> {
  const secrets = await place.cluster.list(secretKind, { namespace: place.namespace, selector: stateLabel });
  return new Map(secrets.map((secret) => [secret.metadata.name ?? '', secret]));
}

/** Opens the map, empty if nothing is there, and deletes what an earlier process left half written. */
export async function openSecretMap(options: SecretMapOptions): Promise<SecretMap> {
  const map = new StoredMap(options);
  await map.load();
  return map;
}

class StoredMap implements SecretMap {
  meta: string | undefined;
  readonly #options: Required<SecretMapOptions>;
  readonly #log = new Map<string, string | undefined>();
  /** The chunk that holds the newest value of a key that is not in the log. */
  readonly #where = new Map<string, ChunkRef>();
  readonly #cache = new Map<string, { records: ReadonlyMap<string, string>; chars: number }>();
  readonly #reading = new Map<string, Promise<ReadonlyMap<string, string>>>();
  #packed = emptyLog;
  #chunks: readonly ChunkRef[] = [];
  #resourceVersion: string | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: SecretMapOptions) {
    this.#options = { ...defaults, ...options };
  }

  async load(): Promise<void> {
    const head = this.#options.found.get(this.#options.name);
    if (head && this.#options.anew) this.#resourceVersion = head.metadata.resourceVersion;
    else if (head) await this.#readHead(head);
    this.#queue = this.#sweep();
  }

  has(key: string): boolean {
    return this.#log.has(key) ? this.#log.get(key) !== undefined : this.#where.has(key);
  }

  *keys(): Iterable<string> {
    for (const [key, value] of this.#log) if (value !== undefined) yield key;
    for (const key of this.#where.keys()) if (!this.#log.has(key)) yield key;
  }

  async get(key: string): Promise<string | undefined> {
    if (this.#log.has(key)) return this.#log.get(key);
    const ref = this.#where.get(key);
    return ref === undefined ? undefined : (await this.#recordsOf(ref)).get(key);
  }

  async *entries(): AsyncIterable<readonly [string, string]> {
    for (const ref of this.#chunks) {
      for (const [key, value] of await this.#recordsOf(ref)) {
        if (this.#where.get(key) === ref && !this.#log.has(key)) yield [key, value];
      }
    }
    for (const [key, value] of this.#log) if (value !== undefined) yield [key, value];
  }

  commit(change: MapChange): Promise<void> {
    const done = this.#queue.then(() => this.#commit(change));
    this.#queue = done.then(
      (left) => this.#deleteChunks(left),
      () => undefined,
    );
    return done.then(() => undefined);
  }

  async destroy(): Promise<void> {
    await this.#queue;
    const { cluster, namespace, name } = this.#options;
    await cluster.delete(secretKind, { namespace, name }, { identity: self });
    const chunks = this.#chunks;
    this.#forget();
    await this.#deleteChunks(chunks);
  }

  /** Writes the change and gives back the chunks that no head names any more. */
  async #commit(change: MapChange): Promise<readonly ChunkRef[]> {
    const records: readonly StateRecord[] = [
      ...(change.put ?? []),
      ...[...(change.remove ?? [])].map((key) => [key, undefined] as const),
    ];
    const log = new Map(this.#log);
    for (const [key, value] of records) {
      if (value === undefined && !this.#where.has(key)) log.delete(key);
      else log.set(key, value);
    }
    const meta = change.meta ?? this.meta;
    const packed = await grow(this.#packed, { records, log, mostChars: this.#options.logChars });
    if (packed) {
      const next = { log, packed, chunks: this.#chunks, meta };
      await this.#write(next);
      this.#adopt({ ...next, added: [], anew: false });
      return [];
    }
    const anew = this.#chunks.length >= mostChunks || this.#wouldWaste(log);
    const added = await this.#writeChunks(anew ? await this.#allWith(log) : [...log]);
    const before = this.#chunks;
    const next = {
      log: new Map<string, string>(),
      packed: emptyLog,
      chunks: [...(anew ? [] : before), ...added.map(({ ref }) => ref)],
      meta,
    };
    await this.#write(next);
    this.#adopt({ ...next, added, anew });
    return anew ? before.filter((old) => !added.some(({ ref }) => ref.name === old.name)) : [];
  }

  #adopt(next: Contents & { added: readonly Written[]; anew: boolean }): void {
    this.meta = next.meta;
    this.#packed = next.packed;
    this.#chunks = next.chunks;
    if (next.anew) this.#where.clear();
    for (const { ref, records } of next.added) this.#place(ref, records);
    this.#log.clear();
    for (const [key, value] of next.log) this.#log.set(key, value);
  }

  /** True if more than half of what the chunks hold would be of no use. */
  #wouldWaste(log: ReadonlyMap<string, string | undefined>): boolean {
    let dead = 0;
    for (const key of log.keys()) if (this.#where.has(key)) dead += 1;
    return dead * 2 > this.#where.size && this.#where.size > 0;
  }

  async #allWith(log: ReadonlyMap<string, string | undefined>): Promise<StateRecord[]> {
    const all: StateRecord[] = [];
    for (const ref of this.#chunks) {
      for (const [key, value] of await this.#recordsOf(ref)) {
        if (this.#where.get(key) === ref && !log.has(key)) all.push([key, value]);
      }
    }
    for (const [key, value] of log) if (value !== undefined) all.push([key, value]);
    return all;
  }

  async #writeChunks(records: readonly StateRecord[]): Promise<Written[]> {
    const written: Written[] = [];
    let some: StateRecord[] = [];
    let chars = 0;
    const flush = async (): Promise<void> => {
      if (some.length > 0) written.push({ ref: await writeChunk(this.#options, some), records: some });
      some = [];
      chars = 0;
    };
    for (const record of records) {
      some.push(record);
      chars += record[0].length + (record[1]?.length ?? 0);
      if (chars >= this.#options.chunkChars) await flush();
    }
    await flush();
    return written;
  }

  async #write(next: Contents): Promise<void> {
    const { name, holder, cluster } = this.#options;
    const head: Head = {
      format: 1,
      holder,
      chunks: next.chunks,
      ...(next.meta === undefined ? {} : { meta: next.meta }),
    };
    const data = { head: await packText(JSON.stringify(head)), log: await packedLogOf(next.packed) };
    for (let tries = 1; ; tries += 1) {
      const secret = secretOf(this.#options, { name, data, resourceVersion: this.#resourceVersion });
      try {
        const write = this.#resourceVersion === undefined ? cluster.create : cluster.replace;
        this.#resourceVersion = (await write.call(cluster, secret, { identity: self })).metadata.resourceVersion;
        return;
      } catch (error) {
        if (!isConflict(error) || tries >= conflictTries) throw error;
        await this.#settleConflict();
      }
    }
  }

  /** A conflict is our own write whose answer was lost, or another process that took the map over. */
  async #settleConflict(): Promise<void> {
    const { cluster, namespace, name, holder } = this.#options;
    const found = await cluster.get(secretKind, { namespace, name });
    if (!found) {
      this.#resourceVersion = undefined;
      return;
    }
    const head = await headOf(found);
    if (head.holder !== holder)
      throw this.#lost(`the Secret ${namespace}/${name} was written by another agent; run one agent a cluster`);
    const { resourceVersion = '' } = found.metadata;
    const known = this.#resourceVersion ?? '';
    if (resourceVersion !== known && isOldNews(resourceVersion, known)) {
      // Chunks that were written since are gone with it: a head that names them would be damaged.
      throw this.#lost(`the Secret ${namespace}/${name} was restored from an older copy`);
    }
    this.#resourceVersion = resourceVersion;
  }

  #lost(why: string): FairleadError {
    const { namespace, name, superseded } = this.#options;
    const error = new FairleadError(`Cannot write the agent's state: ${why}`, {
      code: 'Aborted',
      reason: 'Superseded',
      subject: { object: `/Secret/${namespace}/${name}` },
    });
    superseded(error);
    return error;
  }

  async #readHead(secret: KubeObject): Promise<void> {
    const head = await headOf(secret);
    this.#resourceVersion = secret.metadata.resourceVersion;
    this.meta = head.meta;
    this.#chunks = [...head.chunks];
    for (const ref of this.#chunks) this.#place(ref, await readChunk(this.#options, ref, this.#options.found));
    const { records, packed } = await unpackLog(bytesOf(secret, 'log'));
    for (const [key, value] of records) this.#log.set(key, value);
    this.#packed = packed;
  }

  #place(ref: ChunkRef, records: readonly StateRecord[]): void {
    for (const [key, value] of records) {
      if (value === undefined) this.#where.delete(key);
      else this.#where.set(key, ref);
    }
    this.#remember(ref, records);
  }

  async #recordsOf(ref: ChunkRef): Promise<ReadonlyMap<string, string>> {
    const cached = this.#cache.get(ref.name);
    if (!cached) return this.#readOnce(ref);
    this.#cache.delete(ref.name);
    this.#cache.set(ref.name, cached);
    return cached.records;
  }

  /** A pass asks for many texts of a chunk at a time: all of them wait for one read. */
  #readOnce(ref: ChunkRef): Promise<ReadonlyMap<string, string>> {
    const reading =
      this.#reading.get(ref.name) ??
      readChunk(this.#options, ref)
        .then((records) => this.#remember(ref, records))
        .finally(() => this.#reading.delete(ref.name));
    this.#reading.set(ref.name, reading);
    return reading;
  }

  #remember(ref: ChunkRef, records: readonly StateRecord[]): ReadonlyMap<string, string> {
    const values = new Map<string, string>();
    for (const [key, value] of records) if (value !== undefined) values.set(key, value);
    this.#cache.set(ref.name, { records: values, chars: charsOf(values) });
    let chars = 0;
    for (const one of this.#cache.values()) chars += one.chars;
    for (const [name, one] of this.#cache) {
      if (chars <= this.#options.cachedChars) break;
      this.#cache.delete(name);
      chars -= one.chars;
    }
    return values;
  }

  #forget(): void {
    this.meta = undefined;
    this.#log.clear();
    this.#where.clear();
    this.#cache.clear();
    this.#packed = emptyLog;
    this.#chunks = [];
    this.#resourceVersion = undefined;
  }

  /** Deletes chunks that no head names: a process was killed between chunk and head, or between head and deletion. */
  async #sweep(): Promise<void> {
    const { name, found, anew } = this.#options;
    if (anew) return;
    const named = new Set([name, ...this.#chunks.flatMap(namesOf)]);
    for (const [stray, secret] of found) {
      if (secret.metadata.labels?.[stateLabel] === name && !named.has(stray)) await this.#deleteSecret(stray);
    }
  }

  async #deleteChunks(refs: readonly ChunkRef[]): Promise<void> {
    for (const ref of refs) {
      this.#cache.delete(ref.name);
      for (const name of namesOf(ref)) await this.#deleteSecret(name);
    }
  }

  async #deleteSecret(name: string): Promise<void> {
    const { cluster, namespace, log } = this.#options;
    try {
      await cluster.delete(secretKind, { namespace, name }, { identity: self });
    } catch (error) {
      // No head names it: the next start sweeps it away.
      log.warn('state.chunk.left', { name, error: String(error) });
    }
  }
}

async function headOf(secret: KubeObject): Promise<Head> {
  return JSON.parse(await unpackText(bytesOf(secret, 'head'))) as Head;
}
