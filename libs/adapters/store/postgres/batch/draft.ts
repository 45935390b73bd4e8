import type { ApplicationId, ClusterName, JsonObject, Position } from '@fairlead/core/model';
import type { Message } from '@fairlead/ports/bus';
import type { AssignmentRow, BlobRow, ClusterRow, EventRow, HeadRow, StatusRow, TokenRow } from '@fairlead/ports/store';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The columns that gateways write, and the position. */
export type Contact = Omit<ClusterRow, 'cluster' | 'head' | 'root'>;

/** A member's row while calls are judged. */
export interface Member {
  readonly contact: Mutable<Contact>;
  /** No row of it is in the table yet. */
  readonly isNew: boolean;
  /** Whether the gateways' columns were written. */
  isHeard: boolean;
  /** What the planner wrote last. */
  head: HeadRow | undefined;
}

/** What was read and locked. */
export interface State {
  readonly fence: number | undefined;
  readonly clusters: ReadonlyMap<string, Contact>;
  readonly facts: ReadonlyMap<string, JsonObject>;
}

/** One application in one cluster, with its row or, where it is dropped, without. */
export interface Pair<Row> {
  readonly cluster: ClusterName;
  readonly application: ApplicationId;
  readonly row: Row | undefined;
}

/** Everything that calls change, the last word of each row. Nothing is written by it. */
export class Draft {
  readonly fence: number | undefined;
  /** Members whose rows were deleted; one that is in `members` again is made anew. */
  readonly dropped = new Set<string>();
  readonly assignments = new Map<string, Pair<AssignmentRow>>();
  readonly statuses = new Map<string, Pair<StatusRow>>();
  readonly tokens = new Map<string, TokenRow>();
  readonly blobs = new Map<string, BlobRow>();
  /** As JSON text; undefined drops it. */
  readonly facts = new Map<string, string | undefined>();
  readonly events: Omit<EventRow, 'id'>[] = [];
  readonly outbox: Message[] = [];
  readonly sent = new Set<number>();
  readonly members = new Map<string, Member>();
  readonly #facts: ReadonlyMap<string, JsonObject>;

  constructor(state: State) {
    this.fence = state.fence;
    this.#facts = state.facts;
    for (const [cluster, contact] of state.clusters)
      this.members.set(cluster, { contact: { ...contact }, isNew: false, isHeard: false, head: undefined });
  }

  /** The row of a member, which is made if there is none. */
  memberOrNew(cluster: string): Member {
    let member = this.members.get(cluster);
    if (!member) {
      const contact = { session: 0, sequence: 0, agentVersion: '', kubernetesVersion: '', connected: false };
      this.members.set(cluster, (member = { contact, isNew: true, isHeard: false, head: undefined }));
    }
    return member;
  }

  position(cluster: string): Position | undefined {
    return this.members.get(cluster)?.contact.position;
  }

  dropCluster(cluster: string): void {
    this.members.delete(cluster);
    this.dropped.add(cluster);
    for (const pairs of [this.assignments, this.statuses])
      for (const [key, pair] of pairs) if (pair.cluster === cluster) pairs.delete(key);
  }

  /** A fact as it would be now; of those only that were locked. */
  fact(key: string): JsonObject | undefined {
    if (!this.facts.has(key)) return this.#facts.get(key);
    const text = this.facts.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as JsonObject);
  }
}

/** Sorts as the pair does: a space comes before every character of a name. */
export function pairKey(cluster: string, application: string): string {
  return `${cluster} ${application}`;
}
