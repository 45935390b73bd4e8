import { FairleadError, type AgentMessage, type HubMessage, type MessageOf, type Question } from '@fairlead/core/model';
import type { AgentChannel, ChannelHandler } from '@fairlead/ports/transport';
import type { Complaints } from './complaints.ts';
import { Contact } from './contact.ts';
import { Delivery } from './delivery.ts';
import type { Dispatch } from './dispatch.ts';
import type { Farewells } from './farewells.ts';
import { notAMember, standingOf, type Standing } from './membership.ts';
import { floods, isMisdeed, misspoke, neverGiven, outOfOrder, readsNothing } from './misdeeds.ts';
import type { Shelf } from './objects.ts';
import { Questions } from './questions.ts';
import type { GatewayLimits, GatewayPorts } from './ports.ts';
import { driftEvents, statusChanges } from './reports.ts';
import { statusBell } from './row.ts';
import { StatusSequence } from './sequence.ts';
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
 * One agent's stream at the hub. Messages come one at a time; desired states go out beside them. The store is the record,
 * and what a newer stream of the same cluster wrote is never changed.
 */
export class AgentSession implements ChannelHandler {
  readonly #parts: SessionParts;
  readonly #throttle: Throttle;
  readonly #contact: Contact;
  readonly #statuses = new StatusSequence();
  readonly #delivery: Delivery;
  readonly #questions: Questions;
  #standing: Standing;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#standing = parts.standing;
    this.#throttle = new Throttle(parts.ports.clock, parts.limits);
    this.#contact = new Contact(parts.channel.caller.cluster, parts);
    this.#questions = new Questions({
      cluster: parts.channel.caller.cluster,
      clock: parts.ports.clock,
      send: (message) => this.#send(message),
    });
    this.#delivery = new Delivery({
      ...parts,
      contact: this.#contact,
      givesOut: () => this.#givesOut(),
      send: (message) => this.#send(message),
      close: (reason) => this.close(reason),
    });
  }

  async message(message: AgentMessage): Promise<void> {
    const { complaints, limits } = this.#parts;
    const contact = this.#contact;
    await this.#throttle.take(costOf(message));
    // It may have ended while its message waited.
    if (contact.isOver) return;
    if (this.#throttle.isFlooded) complaints.say(contact.cluster, floods(limits));
    contact.came();
    if (message.type === 'Hello') return this.#hello(message);
    if (contact.session === 0) throw outOfOrder(message.type);
    // A message of an older session was written before the agent knew of this one.
    if ('session' in message && message.session < contact.session) return;
    if ('session' in message && message.session > contact.session) throw neverGiven(message.session, contact.session);
    switch (message.type) {
      case 'Want':
        return this.#want(message);
      case 'StatusDelta':
        return this.#status(message);
      case 'DriftReport':
        return this.#drift(message);
      case 'Ack':
        return this.#delivery.acknowledged(message);
      case 'Heartbeat':
        return this.#statuses.isAt(message.statusDigest) ? contact.heard([]) : this.#askForStatus();
      case 'PlanResult':
      case 'QueryResult':
        this.#questions.answered(message);
        return contact.heard([]);
      case 'Unknown':
        return contact.heard([]);
    }
  }

  closed(cause?: FairleadError): void {
    const { complaints, dispatch, gone } = this.#parts;
    if (cause && isMisdeed(cause)) complaints.say(this.#contact.cluster, misspoke(cause));
    dispatch.forget(this.#delivery);
    gone();
    this.#questions.end();
    this.#contact.end();
  }

  /** Says once more that this stream is open: the store took its gateway for dead. */
  claim(): Promise<void> {
    return this.#contact.claim();
  }

  /** Asks the agent; see {@link Questions.ask}. */
  ask(question: Question): Promise<string> {
    return this.#questions.ask(question);
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
    this.#delivery.look();
  }

  async #hello(hello: Of<'Hello'>): Promise<void> {
    const { ports, limits } = this.#parts;
    const contact = this.#contact;
    const { agentVersion, kubernetesVersion } = hello;
    if (!(await contact.raise({ agentVersion, kubernetesVersion }))) return;
    const row = await ports.store.cluster(contact.cluster);
    if (!row) throw notAMember(contact.cluster);
    const accepted = this.#delivery.begin(hello, row);
    this.#questions.begin(hello);
    this.#statuses.begin({ kept: row.statusDigest, claimed: hello.statusDigest });
    // A digest in the row says that the statuses beside it are the agent's: not before the full status has come.
    const unknown = this.#statuses.needsFull && { statusDigest: undefined };
    await contact.write({ ...accepted, ...unknown }, [statusBell(contact.cluster)]);
    await this.#send({
      type: 'Settings',
      session: contact.session,
      heartbeatMs: limits.heartbeatMs,
      ...(row.statusDigest && { statusDigest: row.statusDigest }),
    });
    this.look();
  }

  async #want({ digests }: Of<'Want'>): Promise<void> {
    await this.#contact.heard([]);
    if (!this.#givesOut()) return this.#send({ type: 'Objects', blobs: [], missing: digests });
    const within = { wanted: digests, reach: this.#delivery.reach, planned: this.#questions.bundles() };
    for await (const message of this.#parts.shelf.answer(this.#contact.cluster, within)) await this.#send(message);
  }

  async #status(delta: Of<'StatusDelta'>): Promise<void> {
    const verdict = this.#statuses.judge(delta);
    if (verdict === 'Old') return;
    if (verdict === 'Gap') return this.#askForStatus();
    const { store, clock } = this.#parts.ports;
    const { cluster } = this.#contact;
    const prior = delta.full ? await store.statuses({ cluster }) : [];
    const { changes, applications } = statusChanges(delta, { cluster, prior, nowMs: clock.now() });
    const { sequence, statusDigest } = delta;
    // A status that was not known before is news, also an empty one: the planner waits for it.
    const isNews = applications.length > 0 || this.#statuses.needsFull;
    const bell = isNews ? [statusBell(cluster, applications)] : [];
    await this.#contact.heard([...changes, ...bell], { sequence, statusDigest });
    this.#statuses.taken(delta);
  }

  async #askForStatus(): Promise<void> {
    await this.#contact.heard([]);
    this.#statuses.lost();
    await this.#send({ type: 'NeedStatus' });
  }

  async #drift({ items }: Of<'DriftReport'>): Promise<void> {
    const { cluster, heardAtMs } = this.#contact;
    const rows = driftEvents(items, { cluster, nowMs: heardAtMs });
    if (rows.length === 0) return this.#contact.heard([]);
    await this.#contact.heard(rows.map((row) => ({ put: 'event', row }) as const));
  }

  #givesOut(): boolean {
    return this.#standing === 'Member' && this.#parts.ports.epochReady();
  }

  async #send(message: HubMessage): Promise<void> {
    const { ports, limits, complaints, channel } = this.#parts;
    const stop = ports.clock.after(limits.sendWithinMs, () => {
      complaints.say(this.#contact.cluster, readsNothing);
      this.close('The agent did not read for too long.');
    });
    try {
      await channel.send(message);
    } finally {
      stop();
    }
  }
}

/** What a message takes from an agent's share: what it makes the hub do, in ordinary messages. */
function costOf(message: AgentMessage): number {
  if (message.type === 'Want') return 1 + message.digests.length / 100;
  if (message.type === 'StatusDelta') return 1 + message.changed.length / 50;
  // Each item is a line of the journal, which all clusters share.
  if (message.type === 'DriftReport') return 1 + message.items.length;
  return 1;
}
