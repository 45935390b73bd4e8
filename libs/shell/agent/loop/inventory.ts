import type { InventoryEntry } from '@fairlead/core/prune';
import { keyText, type ApplicationId, type CommitSha, type Digest, type ObjectKey } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { AgentLog } from '../log.ts';
import type { SecretMap } from '../state/secretMap.ts';

/** What is kept beside the entries. */
export interface InventoryFacts {
  readonly application: ApplicationId;
  /** As whom the objects were applied: what deletes them when the application leaves. */
  readonly serviceAccount: string;
  readonly namespace: string;
  readonly release: Digest;
  readonly bundle: Digest;
  readonly attempt: CommitSha;
  /** Since when it is in sync and healthy on this bundle, by the agent's clock; so that a soak outlives the agent. */
  readonly healthySinceMs?: number;
}

/** The inventory of one application: in memory, and in its cluster a moment later. */
export interface Inventory {
  readonly facts: InventoryFacts | undefined;
  entries(): Iterable<InventoryEntry>;
  /** Writes intents before the first apply of their objects; resolves when they outlive the process. */
  intend(keys: readonly ObjectKey[], facts: InventoryFacts): Promise<void>;
  /** Notes what an apply did; written with the others of its batch. */
  mark(entry: InventoryEntry): void;
  /** Notes that nothing of ours is left of an object. */
  drop(key: ObjectKey): void;
  /** Notes facts; written with the next batch, or by themselves a little later. */
  note(facts: InventoryFacts): void;
  /** Resolves when everything that was noted is written. */
  flush(): Promise<void>;
}

/** A batch is written when it has so many marks, or when the oldest is so old. */
const batch = { entries: 512, ageMs: 1_000 };

/** Reads an inventory. */
export async function openInventory(map: SecretMap, options: { clock: Clock; log: AgentLog }): Promise<Inventory> {
  const entries = new Map<string, InventoryEntry>();
  for await (const [key, value] of map.entries()) entries.set(key, JSON.parse(value) as InventoryEntry);
  const facts = map.meta === undefined ? undefined : (JSON.parse(map.meta) as InventoryFacts);
  return new BatchedInventory(map, { ...options, entries, facts });
}

interface Parts {
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly entries: Map<string, InventoryEntry>;
  readonly facts: InventoryFacts | undefined;
}

class BatchedInventory implements Inventory {
  facts: InventoryFacts | undefined;
  readonly #map: SecretMap;
  readonly #clock: Clock;
  readonly #log: AgentLog;
  readonly #entries: Map<string, InventoryEntry>;
  readonly #dirty = new Set<string>();
  #factsDirty = false;
  #writing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;

  constructor(map: SecretMap, { clock, log, entries, facts }: Parts) {
    this.#map = map;
    this.#clock = clock;
    this.#log = log;
    this.#entries = entries;
    this.facts = facts;
  }

  entries(): Iterable<InventoryEntry> {
    return this.#entries.values();
  }

  async intend(keys: readonly ObjectKey[], facts: InventoryFacts): Promise<void> {
    for (const key of keys) this.#set({ key });
    this.note(facts);
    if (keys.length > 0) await this.flush();
  }

  mark(entry: InventoryEntry): void {
    this.#set(entry);
    this.#soon();
  }

  drop(key: ObjectKey): void {
    const text = keyText(key);
    if (!this.#entries.delete(text)) return;
    this.#dirty.add(text);
    this.#soon();
  }

  note(facts: InventoryFacts): void {
    if (JSON.stringify(facts) === JSON.stringify(this.facts)) return;
    this.facts = facts;
    this.#factsDirty = true;
    this.#soon();
  }

  async flush(): Promise<void> {
    while (this.#isDirty() || this.#writing) await this.#writeOnce();
  }

  #isDirty(): boolean {
    return this.#dirty.size > 0 || this.#factsDirty;
  }

  #writeOnce(): Promise<void> {
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  #set(entry: InventoryEntry): void {
    const text = keyText(entry.key);
    this.#entries.set(text, entry);
    this.#dirty.add(text);
  }

  #soon(): void {
    if (this.#dirty.size >= batch.entries && !this.#writing) {
      void this.#inBackground();
    } else this.#later();
  }

  #later(): void {
    this.#cancel ??= this.#clock.after(batch.ageMs, () => {
      this.#cancel = undefined;
      void this.#inBackground();
    });
  }

  async #inBackground(): Promise<void> {
    try {
      await this.#writeOnce();
      // What was marked meanwhile is a batch of its own: written as soon as it is one, and not before.
      if (this.#isDirty()) this.#soon();
    } catch (error) {
      // What was not written stays noted: the next mark or pass writes it.
      this.#log.warn('inventory.unwritten', { application: this.facts?.application, error: String(error) });
      this.#later();
    }
  }

  async #write(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const dirty = [...this.#dirty];
    const facts = this.#factsDirty ? this.facts : undefined;
    this.#dirty.clear();
    this.#factsDirty = false;
    const put: [string, string][] = [];
    const remove: string[] = [];
    for (const text of dirty) {
      const entry = this.#entries.get(text);
      if (entry) put.push([text, JSON.stringify(entry)]);
      else remove.push(text);
    }
    try {
      await this.#map.commit({ put, remove, ...(facts === undefined ? {} : { meta: JSON.stringify(facts) }) });
    } catch (error) {
      for (const text of dirty) this.#dirty.add(text);
      this.#factsDirty ||= facts !== undefined;
      throw error;
    }
  }
}
