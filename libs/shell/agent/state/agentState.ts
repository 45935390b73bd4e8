import { desiredRoot, sha256, trackingId } from '@fairlead/core/bundle';
import {
  asFairleadError,
  type FairleadError,
  parseJson,
  type ApplicationId,
  type BundleIndex,
  type DesiredEntry,
  type Digest,
  type Position,
  type SignedHead,
  type Tombstone,
} from '@fairlead/core/model';
import type { ClusterApi } from '@fairlead/ports/cluster';
import type { AgentLog } from '../log.ts';
import { damaged } from './records.ts';
import { listState, openSecretMap, type SecretMap, type SecretMapOptions } from './secretMap.ts';

/** A desired state that the agent accepted: the signature was checked and the root follows from the rest. */
export interface AcceptedState {
  readonly signed: SignedHead;
  readonly position: Position;
  readonly root: Digest;
  readonly entries: readonly DesiredEntry[];
  readonly tombstones: readonly Tombstone[];
}

/**
 * What the agent must not forget, kept in its own cluster: the desired state, bundle indexes and objects by digest,
 * and one inventory an application.
 */
export interface AgentState {
  readonly accepted: AcceptedState | undefined;
  /** True if the text of the digest is here. */
  has(digest: Digest): boolean;
  /** The text of a digest, held against it. Throws DataLoss if it is not here or damaged. */
  text(digest: Digest): Promise<string>;
  /** A bundle index by its digest. Throws as {@link AgentState.text}. */
  index(digest: Digest): Promise<BundleIndex>;
  /** Writes a desired state ahead of what it asks for; texts that it does not reach are dropped. */
  accept(next: AcceptedState, texts: ReadonlyMap<Digest, string>): Promise<void>;
  /** The applications that have an inventory. */
  applications(): readonly ApplicationId[];
  /** The inventory of an application, empty if it has none yet; the same one each time. */
  inventory(application: ApplicationId): Promise<SecretMap>;
  /** Deletes the inventory of an application of which nothing is left. */
  forget(application: ApplicationId): Promise<void>;
}

/** Options of {@link openAgentState}. */
export interface AgentStateOptions {
  readonly cluster: ClusterApi;
  readonly namespace: string;
  /** Names this process among all that may run as this agent. */
  readonly holder: string;
  readonly log: AgentLog;
  /** Told when another agent writes the state: this one must stop. */
  readonly superseded?: (error: FairleadError) => void;
}

const desiredName = 'fairlead-desired';
const inventoryName = /^fairlead-inventory-[0-9a-f]{16}$/;

/** An inventory is read once, when its loop begins: from then on the loop has it. */
const inventoryMap = { cachedChars: 0 } as const;

/** Reads the agent's state from its cluster with one list. What is damaged is begun anew, and the log says so. */
export async function openAgentState(options: AgentStateOptions): Promise<AgentState> {
  const found = await listState(options);
  const desired = await openOrAnew({ ...options, name: desiredName, found });
  const inventories = new Map<ApplicationId, Promise<SecretMap>>();
  for (const name of found.keys()) {
    if (!inventoryName.test(name)) continue;
    const map = await openOrAnew({ ...options, name, found, ...inventoryMap });
    const application =
      map.meta === undefined ? undefined : (JSON.parse(map.meta) as { application?: ApplicationId }).application;
    if (application !== undefined) inventories.set(application, Promise.resolve(map));
  }
  return new ClusterState({ options, desired, inventories });
}

/**
 * Damage is no reason to stand still: the hub sends the desired state again, and objects without an inventory are
 * settled by what their live state proves.
 */
async function openOrAnew(options: SecretMapOptions): Promise<SecretMap> {
  try {
    return await openSecretMap(options);
  } catch (thrown) {
    const error = asFairleadError(thrown);
    if (error.code !== 'DataLoss') throw error;
    options.log.error('state.damaged', { name: options.name, error: error.message });
    return openSecretMap({ ...options, anew: true });
  }
}

class ClusterState implements AgentState {
  accepted: AcceptedState | undefined;
  readonly #options: AgentStateOptions;
  readonly #desired: SecretMap;
  readonly #inventories: Map<ApplicationId, Promise<SecretMap>>;
  readonly #indexes = new Map<Digest, BundleIndex>();

  constructor(parts: {
    options: AgentStateOptions;
    desired: SecretMap;
    inventories: Map<ApplicationId, Promise<SecretMap>>;
  }) {
    this.#options = parts.options;
    this.#desired = parts.desired;
    this.#inventories = parts.inventories;
    const accepted = parts.desired.meta === undefined ? undefined : readAccepted(parts.desired.meta);
    // Held against its root as on the way in: nothing in the cluster is touched for words that were not accepted.
    if (accepted && desiredRoot(accepted) !== accepted.root)
      parts.options.log.error('state.damaged', {
        name: desiredName,
        error: 'its root does not follow from its entries',
      });
    else this.accepted = accepted;
  }

  has(digest: Digest): boolean {
    return this.#desired.has(digest);
  }

  async text(digest: Digest): Promise<string> {
    const text = await this.#desired.get(digest);
    if (text === undefined) throw damaged(`nothing with digest ${digest} is in it`);
    if (sha256(text) !== digest) throw damaged(`what is named ${digest} has another digest`);
    return text;
  }

  async index(digest: Digest): Promise<BundleIndex> {
    const known = this.#indexes.get(digest);
    if (known) return known;
    const index = parseJson(await this.text(digest)) as BundleIndex;
    this.#indexes.set(digest, index);
    return index;
  }

  async accept(next: AcceptedState, texts: ReadonlyMap<Digest, string>): Promise<void> {
    const reached = new Set<string>();
    for (const { bundle } of next.entries) {
      reached.add(bundle);
      const text = texts.get(bundle);
      const index = text === undefined ? await this.index(bundle) : (parseJson(text) as BundleIndex);
      for (const { digest } of index.objects) reached.add(digest);
    }
    const put = [...texts].filter(([digest]) => reached.has(digest) && !this.#desired.has(digest));
    const remove = [...this.#desired.keys()].filter((digest) => !reached.has(digest));
    await this.#desired.commit({ put, remove, meta: writeAccepted(next) });
    for (const digest of this.#indexes.keys()) if (!reached.has(digest)) this.#indexes.delete(digest);
    this.accepted = next;
  }

  applications(): readonly ApplicationId[] {
    return [...this.#inventories.keys()];
  }

  inventory(application: ApplicationId): Promise<SecretMap> {
    const known = this.#inventories.get(application);
    if (known) return known;
    const opened = openSecretMap({
      ...this.#options,
      name: `fairlead-inventory-${trackingId(application)}`,
      found: new Map(),
      ...inventoryMap,
    });
    this.#inventories.set(application, opened);
    return opened;
  }

  async forget(application: ApplicationId): Promise<void> {
    const map = await this.#inventories.get(application);
    this.#inventories.delete(application);
    await map?.destroy();
  }
}

function writeAccepted({ signed, ...rest }: AcceptedState): string {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return JSON.stringify({
    ...rest,
    signed: { bytes: base64(signed.bytes), signature: base64(signed.signature), keyId: signed.keyId },
  });
}

function readAccepted(text: string): AcceptedState {
  const { signed, ...rest } = JSON.parse(text) as Omit<AcceptedState, 'signed'> & {
    signed: { bytes: string; signature: string; keyId: string };
  };
  const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64');
  return { ...rest, signed: { bytes: bytes(signed.bytes), signature: bytes(signed.signature), keyId: signed.keyId } };
}
