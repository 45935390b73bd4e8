import type { ClusterName } from '@fairlead/core/model';
import type { AssignmentRow, ClusterRow, Store } from '@fairlead/ports/store';

/** A cluster's row and everything that was assigned to it, as of one moment. */
export interface Given {
  readonly row: ClusterRow;
  readonly assignments: readonly AssignmentRow[];
}

/** A stream that may be sent a desired state. */
export interface Receiver {
  readonly cluster: ClusterName;
  /** Whether anything is to be sent, judged by the row alone; equal digests need nothing more. */
  wants(row: ClusterRow): boolean;
  /** Sends it; the next one is read only when this resolves. Never rejects. */
  deliver(given: Given): Promise<void>;
  /** The store could not be read: the agent connects again, and is looked at anew. */
  unread(error: unknown): void;
}

/** How many clusters are read at a time: enough to share a call to the store, few enough that the first is sent soon. */
const clustersAtATime = 250;

/**
 * Reads desired states for many streams together and hands each its newest one: while a stream still sends, whatever else
 * is asked for it becomes one later look. One slow agent holds up nobody.
 */
export class Dispatch {
  readonly #store: Store;
  readonly #asked = new Set<Receiver>();
  readonly #sending = new Set<Receiver>();
  #isReading = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Asks for a look at a stream's desired state. */
  ask(receiver: Receiver): void {
    this.#asked.add(receiver);
    if (!this.#isReading) void this.#work();
  }

  /** The stream is over. */
  forget(receiver: Receiver): void {
    this.#asked.delete(receiver);
  }

  async #work(): Promise<void> {
    this.#isReading = true;
    for (let next = this.#take(); next.length > 0; next = this.#take()) {
      try {
        await this.#serve(next);
      } catch (error) {
        for (const receiver of next) {
          this.#sending.delete(receiver);
          receiver.unread(error);
        }
      }
    }
    this.#isReading = false;
  }

  #take(): Receiver[] {
    const taken: Receiver[] = [];
    for (const receiver of this.#asked) {
      if (taken.length >= clustersAtATime) break;
      if (this.#sending.has(receiver)) continue;
      this.#asked.delete(receiver);
      this.#sending.add(receiver);
      taken.push(receiver);
    }
    return taken;
  }

  async #serve(receivers: readonly Receiver[]): Promise<void> {
    const names = receivers.map(({ cluster }) => cluster);
    const rows = new Map((await this.#store.clusters({ names })).map((row) => [row.cluster, row]));
    const wanting = receivers.filter((receiver) => {
      const row = rows.get(receiver.cluster);
      const wants = row !== undefined && receiver.wants(row);
      if (!wants) this.#sending.delete(receiver);
      return wants;
    });
    if (wanting.length === 0) return;
    const given = await this.#store.desired(wanting.map(({ cluster }) => cluster));
    const byName = new Map(given.map((one) => [one.row.cluster, one]));
    for (const receiver of wanting) {
      const own = byName.get(receiver.cluster);
      if (own === undefined) this.#sending.delete(receiver);
      else void receiver.deliver(own).finally(() => this.#done(receiver));
    }
  }

  #done(receiver: Receiver): void {
    this.#sending.delete(receiver);
    // What was asked for meanwhile waited for this.
    if (this.#asked.has(receiver) && !this.#isReading) void this.#work();
  }
}
