import { parseHead } from '@fairlead/core/bundle';
import {
  comparePositions,
  type AgentMessage,
  type ApplicationId,
  type ClusterName,
  type HubMessage,
  type MessageOf,
  type SignedHead,
} from '@fairlead/core/model';
import type { Change, ClusterRow, ContactRow } from '@fairlead/ports/store';
import type { Contact } from './contact.ts';
import { decideDesired, desiredMessage, sameMark, type Mark } from './desired.ts';
import type { Dispatch, Given, Receiver } from './dispatch.ts';
import type { Reach, Shelf } from './objects.ts';
import type { GatewayPorts } from './ports.ts';
import { statusBell } from './row.ts';

/** What a delivery is made from. */
export interface DeliveryParts {
  readonly ports: Pick<GatewayPorts, 'clock' | 'authority' | 'onError'>;
  readonly shelf: Shelf;
  readonly dispatch: Dispatch;
  readonly contact: Contact;
  /** Whether the cluster may be given anything now. */
  readonly givesOut: () => boolean;
  readonly send: (message: HubMessage) => Promise<void>;
  /** Ends the stream. */
  readonly close: (reason: string) => void;
}

/** What one stream is sent of the planner's heads, the newest only, and what its agent says that it accepted. */
export class Delivery implements Receiver {
  readonly #parts: DeliveryParts;
  /** Where the agent is, by its own word, and what was sent to it last. */
  #agent: Mark | undefined;
  #sent: Mark | undefined;
  /** Whether the planner's signature is on what the agent says that it accepted. */
  #isProven = false;
  #reported: Mark | undefined;
  /** What the desired state that was sent last reaches; undefined before one was sent. */
  #reach: Reach | undefined;
  /** Applications whose leaving waits for the agent's word. */
  #leaving: readonly ApplicationId[] = [];

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  get cluster(): ClusterName {
    return this.#parts.contact.cluster;
  }

  /** What the agent may ask for; undefined before anything was sent. */
  get reach(): Reach | undefined {
    return this.#reach;
  }

  /** Takes the agent's word at a Hello; returns what is to be written of it. */
  begin({ position, root, head }: MessageOf<AgentMessage, 'Hello'>, row: ClusterRow): Partial<ContactRow> {
    this.#agent = position && root ? { position, root } : undefined;
    this.#isProven = this.#agent !== undefined && this.#proves(head, { claimed: this.#agent, row });
    this.#sent = undefined;
    this.#reach = undefined;
    return this.#accepted();
  }

  /** Looks again what the cluster should run. */
  look(): void {
    const { contact, dispatch, givesOut } = this.#parts;
    if (contact.session > 0 && givesOut()) dispatch.ask(this);
  }

  /** Takes it that the agent accepted what was sent. */
  async acknowledged({ position, root }: Mark): Promise<void> {
    const { contact } = this.#parts;
    const sent = this.#sent;
    // What was not sent cannot be acknowledged.
    if (!sent || comparePositions(position, sent.position) > 0) return contact.heard([]);
    this.#agent = { position, root };
    // What was sent is the planner's.
    this.#isProven = sameMark(this.#agent, sent);
    // Only where something leaves does the planner wait for this word.
    const bell = this.#leaving.length > 0 ? [statusBell(this.cluster, this.#leaving)] : [];
    await contact.heard(bell, { ackedPosition: position, ackedRoot: root });
    this.look();
  }

  wants(row: ClusterRow): boolean {
    const head = markOf(row);
    if (this.#parts.contact.isOver || head === undefined) return false;
    const { send } = decideDesired({ head, agent: this.#agent, sent: this.#sent });
    // Said once a stream: where it cannot be written, the next stream says it.
    if (send === 'Unknown') this.#reportUnknown().catch((error: unknown) => this.unread(error));
    return send === 'Full' || send === 'Since';
  }

  async deliver({ row, assignments }: Given): Promise<void> {
    const { contact, shelf, send } = this.#parts;
    try {
      const head = markOf(row);
      if (contact.isOver || head === undefined || row.head === undefined) return;
      const decision = decideDesired({ head, agent: this.#agent, sent: this.#sent });
      if (decision.send !== 'Full' && decision.send !== 'Since') return this.look();
      this.#sent = head;
      this.#reach = shelf.reachOf(head.root, assignments);
      this.#leaving = assignments.flatMap(({ application, tombstone }) => (tombstone ? [application] : []));
      contact.sends();
      const since = decision.send === 'Since' ? decision.since : undefined;
      const had = since && this.#agent?.root;
      const ahead = had ? await shelf.ahead({ before: had, after: head.root }) : [];
      // At one time, so that the transport can take them in one piece; they arrive in this order.
      await Promise.all([...ahead, desiredMessage(row.head, { rows: assignments, since })].map(send));
    } catch (error) {
      this.unread(error);
    }
  }

  unread(error: unknown): void {
    if (this.#parts.contact.isOver) return;
    this.#parts.ports.onError(error);
    this.#parts.close('The hub could not look after the desired state of the cluster; connect again.');
  }

  #proves(head: SignedHead | undefined, { claimed, row }: { claimed: Mark; row: ClusterRow }): boolean {
    // Most agents come back with the head that lies here, of which the planner's signature needs no second look.
    const known = markOf(row);
    if (!head) return false;
    if (row.head && known && sameHead(head, row.head)) return sameMark(known, claimed);
    if (!this.#parts.ports.authority.verifies(head)) return false;
    const { cluster, ...signed } = parseHead(head.bytes);
    return cluster === this.cluster && sameMark(signed, claimed);
  }

  /** Where the agent is, as far as it is proven. */
  #accepted(): Partial<ContactRow> {
    return this.#agent && this.#isProven ? { ackedPosition: this.#agent.position, ackedRoot: this.#agent.root } : {};
  }

  /**
   * The agent has accepted what this store does not know. If the planner once signed it, the store is an older copy, and
   * the epoch must be raised by a commit: the planner finds the position as the acknowledged one. An agent's bare word
   * only gets a line in the journal.
   */
  async #reportUnknown(): Promise<void> {
    const agent = this.#agent;
    if (!agent || (this.#reported && sameMark(this.#reported, agent))) return;
    this.#reported = agent;
    await this.#parts.contact.write(this.#accepted(), this.#unknownPosition(agent));
  }

  #unknownPosition({ position }: Mark): Change[] {
    const { cluster } = this;
    const { epoch, generation } = position;
    const atMs = this.#parts.ports.clock.now();
    const says = `${cluster} is at position ${epoch}.${generation}, which this store never gave it`;
    const line = (message: string): Change[] => [
      { put: 'event', row: { atMs, type: 'PositionUnknown', reason: 'EpochBehind', message, cluster } },
    ];
    if (!this.#isProven)
      return line(`${says}, and shows no signature of the planner; it gets nothing. Enrol it again.`);
    return [
      { put: 'outbox', row: { subject: 'head', payload: { cluster } } },
      ...line(`${says}; the epoch is raised by a commit.`),
    ];
  }
}

function sameHead(a: SignedHead, b: SignedHead): boolean {
  return (
    a.keyId === b.keyId && Buffer.compare(a.bytes, b.bytes) === 0 && Buffer.compare(a.signature, b.signature) === 0
  );
}

function markOf({ position, root }: ClusterRow): Mark | undefined {
  return position && root ? { position, root } : undefined;
}
