import type { ClusterName } from '@fairlead/core/model';
import type { Change, ContactRow, Hello } from '@fairlead/ports/store';
import type { Farewells } from './farewells.ts';
import type { GatewayLimits, GatewayPorts } from './ports.ts';
import { statusBell, unlessNewer, writeContact } from './row.ts';

/** What a contact is made from. */
export interface ContactParts {
  readonly ports: Pick<GatewayPorts, 'store' | 'clock' | 'instance' | 'onError'>;
  readonly limits: Pick<GatewayLimits, 'heardEveryMs' | 'unansweredAfterMs'>;
  readonly farewells: Farewells;
}

/**
 * What is heard over one stream, from its beginning to its end, and the only one who writes it down. Every write is
 * guarded by the session's number, so that an older stream of the same cluster changes nothing any more.
 */
export class Contact {
  readonly cluster: ClusterName;
  readonly #parts: ContactParts;
  #session = 0;
  #isOver = false;
  #heardAtMs = 0;
  /** How many messages came, so that an answer in the same millisecond is one. */
  #heardCount = 0;
  #writtenMs = 0;
  #unanswered = false;

  constructor(cluster: ClusterName, parts: ContactParts) {
    this.cluster = cluster;
    this.#parts = parts;
  }

  /** 0 before the first Hello. */
  get session(): number {
    return this.#session;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** When the last message came, by the hub's clock. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** A message came; whoever works on it writes it down. */
  came(): void {
    this.#heardAtMs = this.#parts.ports.clock.now();
    this.#heardCount += 1;
  }

  /** Takes the next session for the stream. False where the stream ended meanwhile: then this is written down. */
  async raise(agent: Pick<Hello, 'agentVersion' | 'kubernetesVersion'>): Promise<boolean> {
    const { store, clock, instance } = this.#parts.ports;
    this.#session = await store.raiseSession(this.cluster, { ...agent, nowMs: clock.now(), gateway: instance });
    this.#writtenMs = this.#heardAtMs;
    if (this.#isOver) await this.#farewell();
    return !this.#isOver;
  }

  /** Writes the row, with what is to be written beside it. Throws Conflict once there is a newer session. */
  write(contact: Omit<ContactRow, 'cluster'>, changes: readonly Change[]): Promise<void> {
    return writeContact(this.#parts.ports.store, this, { contact, changes });
  }

  /** Notes that the cluster was heard; written at once only with something else, or when it is time. */
  async heard(changes: readonly Change[], contact: Omit<ContactRow, 'cluster'> = {}): Promise<void> {
    const answered = this.#unanswered;
    this.#unanswered = false;
    const due = this.#heardAtMs - this.#writtenMs >= this.#parts.limits.heardEveryMs;
    if (changes.length === 0 && Object.keys(contact).length === 0 && !answered && !due) return;
    this.#writtenMs = this.#heardAtMs;
    const bell = answered && changes.length === 0 ? [statusBell(this.cluster)] : [];
    const row = { ...contact, lastHeardAtMs: this.#heardAtMs, ...(answered && { unansweredSinceMs: undefined }) };
    await this.write(row, [...changes, ...bell]);
  }

  /** Something is being sent. Writes it down if nothing is heard for a while: then the cluster may be silent. */
  sends(): void {
    const { clock, onError } = this.#parts.ports;
    const sentAtMs = clock.now();
    const heardBefore = this.#heardCount;
    clock.after(this.#parts.limits.unansweredAfterMs, () => {
      if (this.#isOver || this.#unanswered || this.#heardCount > heardBefore) return;
      this.#unanswered = true;
      this.write({ unansweredSinceMs: sentAtMs }, [statusBell(this.cluster)]).catch(onError);
    });
  }

  /** Says once more that the stream is open: the store took its gateway for dead. A newer stream is left alone. */
  async claim(): Promise<void> {
    if (this.#session === 0 || this.#isOver) return;
    // Another gateway may have noted meanwhile that nobody reaches the cluster.
    const reached = !this.#unanswered && { unansweredSinceMs: undefined };
    await this.write({ connected: true, ...reached }, []).catch(unlessNewer);
  }

  /** The stream is over. */
  end(): void {
    this.#isOver = true;
    if (this.#session > 0) void this.#farewell();
  }

  #farewell(): Promise<void> {
    const { cluster, session, heardAtMs: lastHeardAtMs } = this;
    return this.#parts.farewells.say({ cluster, session, lastHeardAtMs });
  }
}
