import {
  parseJson,
  type ApplicationId,
  type BlobPart,
  type BundleIndex,
  type ClusterName,
  type Digest,
  type HubMessage,
  type MessageOf,
} from '@fairlead/core/model';
import type { AssignmentRow, BlobRow, Store } from '@fairlead/ports/store';
import { Cache } from './cache.ts';
import type { GatewayLimits } from './ports.ts';

type Objects = MessageOf<HubMessage, 'Objects'>;

/** Bundle indexes and objects for all agents, each within its own reach. */
export class Shelf {
  readonly #store: Store;
  readonly #limits: GatewayLimits;
  readonly #indexes: Cache<Digest, ReadonlySet<Digest>>;
  readonly #blobs: Cache<Digest, BlobRow>;
  /** By the root of a desired state: clusters that run the same share it. */
  readonly #reaches: Cache<Digest, Reach>;
  /** Answers without secrets by what was asked: one message for all clusters, so that a transport encodes it once. */
  readonly #answers: Cache<string, readonly Objects[]>;
  readonly #making = new Map<string, Promise<readonly Objects[]>>();

  constructor(store: Store, limits: GatewayLimits) {
    this.#store = store;
    this.#limits = limits;
    this.#indexes = new Cache(limits.cachedDigests);
    this.#blobs = new Cache(limits.cachedBytes);
    this.#reaches = new Cache(limits.cachedDigests);
    this.#answers = new Cache(limits.cachedBytes);
  }

  /** What a desired state reaches. */
  reachOf(root: Digest, assignments: readonly AssignmentRow[]): Reach {
    const known = this.#reaches.get(root);
    if (known) return known;
    const reach = reachOf(assignments);
    this.#reaches.put(root, { value: reach, weight: reach.size + 1 });
    return reach;
  }

  /**
   * What a desired state reaches and the one before it did not, for an agent that has all of the one before: sent unasked,
   * it saves the agent two questions. Nothing where the one before is not known here or the difference is large; secrets
   * are always asked for.
   */
  async ahead({ before, after }: { readonly before: Digest; readonly after: Digest }): Promise<readonly Objects[]> {
    const old = this.#reaches.get(before);
    const now = this.#reaches.get(after);
    if (!old || !now) return [];
    const key = `${before} ${after}`;
    const known = this.#answers.get(key) ?? this.#making.get(key);
    if (known) return known;
    const making = this.#difference(old, now).finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    const messages = await making;
    const weight = messages.reduce((sum, message) => sum + weightOf(message.blobs), key.length);
    this.#answers.put(key, { value: messages, weight });
    return messages;
  }

  async #difference(old: Reach, now: Reach): Promise<readonly Objects[]> {
    const changed = [...now].filter(([application, bundle]) => old.get(application) !== bundle);
    const digests: Digest[] = [];
    for (const [application, bundle] of changed) {
      const had = old.get(application);
      const names = had === undefined ? noDigests : await this.#index(had);
      for (const digest of await this.#index(bundle)) if (!names.has(digest)) digests.push(digest);
      digests.push(bundle);
      if (digests.length > aheadBlobs) return [];
    }
    const rows = (await this.#read(digests)).filter((row) => !row.secret);
    if (weightOf(rows) > this.#limits.partBytes) return [];
    return [...packed(rows, this.#limits.partBytes)].map((blobs) => ({ type: 'Objects', blobs, missing: [] }));
  }

  /**
   * The answer to a Want, message by message: what the cluster's own assignments reach, that is their bundle indexes and
   * the objects that these name. Everything else counts as missing, whether it is kept or not. `reach` is that of
   * the desired state that was sent to it; without it the store is asked. `planned`: bundles that it is asked to plan.
   */
  async *answer(
    cluster: ClusterName,
    {
      wanted,
      reach,
      planned = [],
    }: { readonly wanted: readonly Digest[]; readonly reach?: Reach | undefined; readonly planned?: readonly Digest[] },
  ): AsyncGenerator<Objects> {
    const within = reach ?? reachOf(await this.#store.assignments({ cluster }));
    const reached = await this.#reach([...new Set([...within.values(), ...planned])], wanted);
    const missing = wanted.filter((digest) => !reached.has(digest));
    const given = wanted.filter((digest) => reached.has(digest));
    for (let at = 0; at < given.length; at += this.#limits.blobsAtATime) {
      const asked = given.slice(at, at + this.#limits.blobsAtATime);
      const messages = await this.#messages(asked);
      yield* messages.objects;
      missing.push(...messages.lacking);
    }
    if (missing.length > 0) yield { type: 'Objects', blobs: [], missing };
  }

  async #messages(asked: readonly Digest[]): Promise<{ objects: readonly Objects[]; lacking: readonly Digest[] }> {
    const key = asked.join(' ');
    const known = this.#answers.get(key);
    if (known) return { objects: known, lacking: [] };
    const rows = await this.#read(asked);
    const found = new Set(rows.map((row) => row.digest));
    const objects = [...packed(rows, this.#limits.partBytes)].map((blobs): Objects => ({
      type: 'Objects',
      blobs,
      missing: [],
    }));
    const lacking = asked.filter((digest) => !found.has(digest));
    const weight = weightOf(rows) + key.length;
    if (lacking.length === 0 && rows.every((row) => !row.secret)) this.#answers.put(key, { value: objects, weight });
    return { objects, lacking };
  }

  async #reach(bundles: readonly Digest[], wanted: readonly Digest[]): Promise<ReadonlySet<Digest>> {
    const reached = new Set(wanted.filter((digest) => bundles.includes(digest)));
    for (const bundle of bundles) {
      if (reached.size === wanted.length) break;
      const named = await this.#index(bundle);
      for (const digest of wanted) if (named.has(digest)) reached.add(digest);
    }
    return reached;
  }

  async #index(bundle: Digest): Promise<ReadonlySet<Digest>> {
    const known = this.#indexes.get(bundle);
    if (known) return known;
    const [row] = await this.#read([bundle]);
    if (!row) return new Set();
    const index = parseJson(new TextDecoder().decode(row.data)) as BundleIndex;
    const named = new Set(index.objects.map((object) => object.digest));
    this.#indexes.put(bundle, { value: named, weight: named.size + 1 });
    return named;
  }

  async #read(digests: readonly Digest[]): Promise<BlobRow[]> {
    const unique = [...new Set(digests)];
    const known = unique.map((digest) => this.#blobs.get(digest));
    const unknown = unique.filter((_, at) => known[at] === undefined);
    const read = unknown.length > 0 ? await this.#store.blobs(unknown) : [];
    // A secret is decrypted for whoever may have it, and not kept for others.
    for (const row of read) if (!row.secret) this.#blobs.put(row.digest, { value: row, weight: row.data.length + 200 });
    const byDigest = new Map([...known.filter((row) => row !== undefined), ...read].map((row) => [row.digest, row]));
    return unique.flatMap((digest) => byDigest.get(digest) ?? []);
  }
}

/** The bundles of a desired state, by application. */
export type Reach = ReadonlyMap<ApplicationId, Digest>;

/** How many blobs are sent unasked at most. */
const aheadBlobs = 64;

const noDigests: ReadonlySet<Digest> = new Set();

function reachOf(assignments: readonly AssignmentRow[]): Reach {
  return new Map(
    assignments.flatMap(({ application, entry }) =>
      entry === undefined ? [] : [[application, entry.bundle] as const],
    ),
  );
}

function weightOf(blobs: readonly { readonly data: Uint8Array }[]): number {
  return blobs.reduce((sum, { data }) => sum + data.length + 200, 0);
}

/** Parts of blobs, in order, packed into messages of about `partBytes`. */
export function* packed(
  rows: readonly Pick<BlobRow, 'digest' | 'data'>[],
  partBytes: number,
): Generator<readonly BlobPart[]> {
  let message: BlobPart[] = [];
  let bytes = 0;
  for (const part of rows.flatMap((row) => split(row, partBytes))) {
    if (message.length > 0 && bytes + part.data.length > partBytes) {
      yield message;
      message = [];
      bytes = 0;
    }
    message.push(part);
    bytes += part.data.length;
  }
  if (message.length > 0) yield message;
}

function split({ digest, data }: Pick<BlobRow, 'digest' | 'data'>, partBytes: number): BlobPart[] {
  const parts = Math.max(1, Math.ceil(data.length / partBytes));
  return Array.from({ length: parts }, (_, part) => ({
    digest,
    part,
    parts,
    data: data.subarray(part * partBytes, (part + 1) * partBytes),
  }));
}
