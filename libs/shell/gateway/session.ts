import { parseHead } from '@fairlead/core/bundle';
import {
  comparePositions,
  FairleadError,
  type AgentMessage,
  type ApplicationId,
  type ClusterName,
  type Digest,
  type HubMessage,
  type MessageOf,
  type SignedHead,
} from '@fairlead/core/model';
import type { Change, ClusterRow, ContactRow } from '@fairlead/ports/store';
import type { AgentChannel, ChannelHandler } from '@fairlead/ports/transport';
import type { Complaints } from './complaints.ts';
import { statusBell, unlessNewer, writeContact } from './contact.ts';
import { decideDesired, desiredMessage, sameMark, type Mark } from './desired.ts';
import type { Dispatch, Given, Receiver } from './dispatch.ts';
import type { Farewells } from './farewells.ts';
import { notAMember, standingOf, type Standing } from './membership.ts';
import type { Reach, Shelf } from './objects.ts';
import { floods, isMisdeed, misspoke, neverGiven, outOfOrder, readsNothing } from './misdeeds.ts';
import type { GatewayLimits, GatewayPorts } from './ports.ts';
import { driftEvents, statusChanges } from './reports.ts';
import { Throttle } from './throttle.ts';

/** What a session is made from. */
export interface SessionParts {
  readonly ports: GatewayPorts;
  readonly limits: GatewayLimits;
  readonly shelf: Shelf;
  readonly dispatch: Dispatch;
  readonly complaints: Complaints;
  readonly farewells: Farewells;
  readonly channel: AgentChannel;
  readonly standing: Standing;
  /** Called once when the stream is over. */
  readonly gone: () => void;
}

type Of<Type extends AgentMessage['type']> = MessageOf<AgentMessage, Type>;

/**
 * One agent's stream at the hub. Messages come one at a time; desired states go out beside them, the newest only. The
 * store is the record: every write is guarded by the session's number, so that an older stream of the same cluster
 * changes nothing any more.
 */
export class AgentSession implements ChannelHandler, Receiver {
  readonly #parts: SessionParts;
  readonly #throttle: Throttle;
  #standing: Standing;
  /** 0 before the first Hello. */
  #session = 0;
  #sequence = 0;
  #statusDigest: Digest | undefined;
  #needsFull = false;
  /** Where the agent is, by its own word, and what was sent to it last. */
  #agent: Mark | undefined;
  #sent: Mark | undefined;
  /** Whether the planner's signature is on what the agent says that it accepted. */
  #isProven = false;
  #reported: Mark | undefined;
  #heardAtMs = 0;
  /** How many messages came, so that an answer in the same millisecond is one. */
  #heardCount = 0;
  #heardWrittenMs = 0;
  #unanswered = false;
  /** What the desired state that was sent last reaches; undefined before one was sent. */
  #reach: Reach | undefined;
  /** Applications whose leaving waits for the agent's word. */
  #leaving: readonly ApplicationId[] = [];
  #isOver = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#standing = parts.standing;
    this.#throttle = new Throttle(parts.ports.clock, parts.limits);
  }

  get cluster(): ClusterName {
    return this.#parts.channel.caller.cluster;
  }

  async message(message: AgentMessage): Promise<void> {
    const { complaints } = this.#parts;
    await this.#throttle.take(costOf(message));
    // It may have ended while its message waited.
    if (this.#isOver) return;
    if (this.#throttle.isFlooded) complaints.say(this.cluster, floods(this.#parts.limits));
    this.#heardAtMs = this.#parts.ports.clock.now();
    this.#heardCount += 1;
    if (message.type === 'Hello') return this.#hello(message);
    if (this.#session === 0) throw outOfOrder(message.type);
    // A message of an older session was written before the agent knew of this one.
    if ('session' in message && message.session < this.#session) return;
    if ('session' in message && message.session > this.#session) throw neverGiven(message.session, this.#session);
    switch (message.type) {
      case 'Want':
        return this.#want(message);
      case 'StatusDelta':
        return this.#status(message);
      case 'DriftReport':
        return this.#drift(message);
      case 'Ack':
        return this.#ack(message);
      case 'Heartbeat':
        return this.#heartbeat(message);
      case 'PlanResult':
      case 'QueryResult':
        // Nothing was asked, so there is nobody to hand the answer to.
        return this.#heard([]);
    }
  }

  closed(cause?: FairleadError): void {
    this.#isOver = true;
    if (cause && isMisdeed(cause)) this.#parts.complaints.say(this.cluster, misspoke(cause));
    this.#parts.dispatch.forget(this);
    this.#parts.gone();
    void this.#farewell();
  }

  async #farewell(): Promise<void> {
    const { cluster } = this;
    if (this.#session === 0) return;
    await this.#parts.farewells.say({ cluster, session: this.#session, lastHeardAtMs: this.#heardAtMs });
  }

  /** Says once more that this stream is open: the store took its gateway for dead. A newer stream is left alone. */
  async claim(): Promise<void> {
    if (this.#session === 0 || this.#isOver) return;
    // Another gateway may have noted meanwhile that nobody reaches the cluster.
    const reached = !this.#unanswered && { unansweredSinceMs: undefined };
    await this.#write({ connected: true, ...reached }, []).catch(unlessNewer);
  }

  /** Ends the stream; the reason reaches the agent. */
  close(reason: string): void {
    this.#parts.channel.close(reason);
  }

  /** Looks again where the cluster stands, and what it should run. */
  async refresh(): Promise<void> {
    try {
      this.#standing = await standingOf(this.#parts.ports, this.#parts.channel.caller);
    } catch (error) {
      const refused = error instanceof FairleadError && error.code === 'PermissionDenied';
      if (refused) return this.close(error.message);
      throw error;
    }
    this.look();
  }

  /** Looks again what the cluster should run. */
  look(): void {
    if (this.#session > 0 && this.#givesOut()) this.#parts.dispatch.ask(this);
  }

  async #hello(hello: Of<'Hello'>): Promise<void> {
    const { store, clock, instance } = this.#parts.ports;
    const { cluster } = this.#parts.channel.caller;
    const { agentVersion, kubernetesVersion, position, root } = hello;
    const facts = { agentVersion, kubernetesVersion, nowMs: clock.now(), gateway: instance };
    this.#session = await store.raiseSession(cluster, facts);
    // The stream ended meanwhile, when there was no session yet to say farewell for.
    if (this.#isOver) return this.#farewell();
    const row = await store.cluster(cluster);
    if (!row) throw notAMember(cluster);
    this.#sequence = 0;
    this.#needsFull = row.statusDigest !== hello.statusDigest;
    this.#statusDigest = row.statusDigest;
    this.#agent = position && root ? { position, root } : undefined;
    this.#isProven = this.#agent !== undefined && this.#proves(hello.head, { claimed: this.#agent, row });
    this.#sent = undefined;
    this.#reach = undefined;
    this.#heardWrittenMs = this.#heardAtMs;
    const accepted = this.#isProven && { ackedPosition: position, ackedRoot: root };
    // A digest in the row says that the statuses beside it are the agent's: not before the full status has come.
    const unknown = this.#needsFull && { statusDigest: undefined };
    await this.#write({ ...accepted, ...unknown }, [this.#bell([])]);
    await this.#send({
      type: 'Settings',
      session: this.#session,
      heartbeatMs: this.#parts.limits.heartbeatMs,
      ...(row.statusDigest && { statusDigest: row.statusDigest }),
    });
    this.look();
  }

  async #want({ digests }: Of<'Want'>): Promise<void> {
    await this.#heard([]);
    const { cluster } = this.#parts.channel.caller;
    if (!this.#givesOut()) return this.#send({ type: 'Objects', blobs: [], missing: digests });
    const within = { wanted: digests, reach: this.#reach };
    for await (const message of this.#parts.shelf.answer(cluster, within)) await this.#send(message);
  }

  async #status(delta: Of<'StatusDelta'>): Promise<void> {
    if (delta.sequence <= this.#sequence) return;
    const follows = delta.sequence === this.#sequence + 1 && !this.#needsFull;
    if (!delta.full && !follows) return this.#askForStatus();
    const { store, clock } = this.#parts.ports;
    const { cluster } = this.#parts.channel.caller;
    const prior = delta.full ? await store.statuses({ cluster }) : [];
    const { changes, applications } = statusChanges(delta, { cluster, prior, nowMs: clock.now() });
    const { sequence, statusDigest } = delta;
    // A status that was not known before is news, also an empty one: the planner waits for it.
    const bell = applications.length > 0 || this.#needsFull ? [this.#bell(applications)] : [];
    await this.#heard([...changes, ...bell], { sequence, statusDigest });
    this.#sequence = sequence;
    this.#statusDigest = statusDigest;
    this.#needsFull = false;
  }

  async #askForStatus(): Promise<void> {
    await this.#heard([]);
    this.#needsFull = true;
    await this.#send({ type: 'NeedStatus' });
  }

  async #drift({ items }: Of<'DriftReport'>): Promise<void> {
    const { cluster } = this.#parts.channel.caller;
    const rows = driftEvents(items, { cluster, nowMs: this.#heardAtMs });
    if (rows.length === 0) return this.#heard([]);
    await this.#heard([
      ...rows.map((row) => ({ put: 'event', row }) as const),
      { put: 'outbox', row: { subject: 'events', payload: {} } },
    ]);
  }

  async #ack({ position, root }: Of<'Ack'>): Promise<void> {
    const sent = this.#sent;
    // What was not sent cannot be acknowledged.
    if (!sent || comparePositions(position, sent.position) > 0) return this.#heard([]);
    this.#agent = { position, root };
    // What was sent is the planner's.
    this.#isProven = sameMark(this.#agent, sent);
    // Only where something leaves does the planner wait for this word.
    const bell = this.#leaving.length > 0 ? [this.#bell(this.#leaving)] : [];
    await this.#heard(bell, { ackedPosition: position, ackedRoot: root });
    this.look();
  }

  async #heartbeat({ statusDigest }: Of<'Heartbeat'>): Promise<void> {
    if (statusDigest !== this.#statusDigest) return this.#askForStatus();
    await this.#heard([]);
  }

  /** Notes that the cluster was heard; written at once only with something else, or when it is time. */
  async #heard(changes: readonly Change[], contact: Omit<ContactRow, 'cluster'> = {}): Promise<void> {
    const answered = this.#unanswered;
    this.#unanswered = false;
    const due = this.#heardAtMs - this.#heardWrittenMs >= this.#parts.limits.heardEveryMs;
    if (changes.length === 0 && Object.keys(contact).length === 0 && !answered && !due) return;
    this.#heardWrittenMs = this.#heardAtMs;
    const bell = answered && changes.length === 0 ? [this.#bell([])] : [];
    await this.#write(
      { ...contact, lastHeardAtMs: this.#heardAtMs, ...(answered && { unansweredSinceMs: undefined }) },
      [...changes, ...bell],
    );
  }

  #write(contact: Omit<ContactRow, 'cluster'>, changes: readonly Change[]): Promise<void> {
    const { cluster } = this;
    return writeContact(this.#parts.ports.store, { cluster, session: this.#session }, { contact, changes });
  }

  #bell(applications: readonly ApplicationId[]): Change {
    return statusBell(this.cluster, applications);
  }

  #givesOut(): boolean {
    return this.#standing === 'Member' && this.#parts.ports.epochReady();
  }

  wants(row: ClusterRow): boolean {
    const head = markOf(row);
    if (this.#isOver || head === undefined) return false;
    const { send } = decideDesired({ head, agent: this.#agent, sent: this.#sent });
    if (send === 'Unknown') this.#reportUnknown().catch(this.#parts.ports.onError);
    return send === 'Full' || send === 'Since';
  }

  async deliver({ row, assignments }: Given): Promise<void> {
    try {
      const head = markOf(row);
      if (this.#isOver || head === undefined || row.head === undefined) return;
      const decision = decideDesired({ head, agent: this.#agent, sent: this.#sent });
      if (decision.send !== 'Full' && decision.send !== 'Since') return this.look();
      this.#sent = head;
      this.#reach = this.#parts.shelf.reachOf(head.root, assignments);
      this.#leaving = assignments.flatMap(({ application, tombstone }) => (tombstone ? [application] : []));
      this.#watchForAnswer();
      const since = decision.send === 'Since' ? decision.since : undefined;
      const had = since && this.#agent?.root;
      const ahead = had ? await this.#parts.shelf.ahead({ before: had, after: head.root }) : [];
      for (const message of ahead) await this.#send(message);
      await this.#send(desiredMessage(row.head, { rows: assignments, since }));
    } catch (error) {
      this.unread(error);
    }
  }

  unread(error: unknown): void {
    if (this.#isOver) return;
    this.#parts.ports.onError(error);
    this.close('The hub could not read the desired state of the cluster; connect again.');
  }

  /** Writes it down if nothing is heard for a while: then the cluster may be silent. */
  #watchForAnswer(): void {
    const { clock, onError } = this.#parts.ports;
    const sentAtMs = clock.now();
    const heardBefore = this.#heardCount;
    clock.after(this.#parts.limits.unansweredAfterMs, () => {
      if (this.#isOver || this.#unanswered || this.#heardCount > heardBefore) return;
      this.#unanswered = true;
      this.#write({ unansweredSinceMs: sentAtMs }, [this.#bell([])]).catch(onError);
    });
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

  /**
   * The agent has accepted what this store does not know. If the planner once signed it, the store is an older copy, and
   * the epoch must be raised by a commit: the planner finds the position as the acknowledged one. An agent's bare word only gets a line in the journal.
   */
  async #reportUnknown(): Promise<void> {
    const agent = this.#agent;
    if (!agent || (this.#reported && sameMark(this.#reported, agent))) return;
    this.#reported = agent;
    const acknowledged = this.#isProven && { ackedPosition: agent.position, ackedRoot: agent.root };
    await this.#write({ ...acknowledged }, this.#unknownPosition(agent));
  }

  #unknownPosition({ position }: Mark): Change[] {
    const { cluster } = this.#parts.channel.caller;
    const { epoch, generation } = position;
    const atMs = this.#parts.ports.clock.now();
    const says = `${cluster} is at position ${epoch}.${generation}, which this store never gave it`;
    const line = (message: string): Change[] => [
      { put: 'event', row: { atMs, type: 'PositionUnknown', reason: 'EpochBehind', message, cluster } },
      { put: 'outbox', row: { subject: 'events', payload: {} } },
    ];
    if (!this.#isProven)
      return line(`${says}, and shows no signature of the planner; it gets nothing. Enrol it again.`);
    return [
      { put: 'outbox', row: { subject: 'head', payload: { cluster } } },
      ...line(`${says}; the epoch is raised by a commit.`),
    ];
  }

  async #send(message: HubMessage): Promise<void> {
    const { clock } = this.#parts.ports;
    const stop = clock.after(this.#parts.limits.sendWithinMs, () => {
      this.#parts.complaints.say(this.cluster, readsNothing);
      this.close('The agent did not read for too long.');
    });
    try {
      await this.#parts.channel.send(message);
    } finally {
      stop();
    }
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

/** What a message takes from an agent's share: what it makes the hub do, in ordinary messages. */
function costOf(message: AgentMessage): number {
  if (message.type === 'Want') return 1 + message.digests.length / 100;
  if (message.type === 'StatusDelta') return 1 + message.changed.length / 50;
  // Each item is a line of the journal, which all clusters share.
  if (message.type === 'DriftReport') return 1 + message.items.length;
  return 1;
}
