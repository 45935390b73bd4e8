import {
  asFairleadError,
  FairleadError,
  parseQuestion,
  plainError,
  type ClusterName,
  type EnrollRequest,
  type EnrollResponse,
  type RenewRequest,
  type RenewResponse,
  type Reply,
} from '@fairlead/core/model';
import type { Payload } from '@fairlead/ports/bus';
import type { AgentChannel, Caller, ChannelHandler } from '@fairlead/ports/transport';
import { Arrivals } from './arrivals.ts';
import { BrokerUsers } from './brokerUsers.ts';
import { Complaints } from './complaints.ts';
import { Dispatch } from './dispatch.ts';
import { forEach } from './each.ts';
import { enroll, makeToken, renew, type JoinRequest, type JoinToken } from './enroll.ts';
import { Farewells } from './farewells.ts';
import { standingOf, type Standing } from './membership.ts';
import { comesTooOften } from './misdeeds.ts';
import { Shelf } from './objects.ts';
import { defaultLimits, type GatewayLimits, type GatewayPorts } from './ports.ts';
import { AgentSession } from './session.ts';
import { noteUnreached } from './unreached.ts';

/** Where agents come in: enrolment, streams, objects by digest, statuses. Errors are `FairleadError`. */
export interface Gateway {
  /** Hears the bus from now on. */
  start(): void;
  /**
   * To be called after each beat of this instance: puts right the connections of gateways that died, and its own where
   * it was taken for dead itself (`registered` anew).
   */
  beaten(registered: boolean): Promise<void>;
  /** Makes a one-use token for a cluster's name. */
  joinToken(request: JoinRequest): Promise<JoinToken>;
  enroll(request: EnrollRequest): Promise<EnrollResponse>;
  renew(request: RenewRequest): Promise<RenewResponse>;
  /** What a transport's `listen` is given. Throws NotAMember or KeyMismatch for a caller that has no business here. */
  accept(channel: AgentChannel): Promise<ChannelHandler>;
  /** Looks again at every stream: after the epoch was found right, or the ledger was read for the first time. */
  refresh(): void;
  /** The broker of the agents is there, for the first time or again: it is told whom it lets in no longer. */
  brokerThere(): void;
  /** Ends every stream, so that agents say anew where they are: the store was set back. */
  letGo(): void;
  /** Ends every stream and hears the bus no more. */
  close(): void;
}

/** Makes a gateway; `limits` replace the default ones one by one. */
export function createGateway(ports: GatewayPorts, limits: Partial<GatewayLimits> = {}): Gateway {
  return new AgentGateway(ports, { ...defaultLimits, ...limits });
}

class AgentGateway implements Gateway {
  readonly #ports: GatewayPorts;
  readonly #limits: GatewayLimits;
  readonly #shelf: Shelf;
  readonly #dispatch: Dispatch;
  readonly #complaints: Complaints;
  readonly #farewells: Farewells;
  readonly #arrivals: Arrivals;
  readonly #brokerUsers: BrokerUsers;
  readonly #sessions = new Map<ClusterName, AgentSession>();
  /** Sessions that could not be looked at again when they should have been; the next beat does. */
  readonly #owed = new Set<AgentSession>();
  #unsubscribe: () => void = () => undefined;
  #isClosed = false;

  constructor(ports: GatewayPorts, limits: GatewayLimits) {
    this.#ports = ports;
    this.#limits = limits;
    this.#shelf = new Shelf(ports.store, limits);
    this.#dispatch = new Dispatch(ports.store);
    this.#complaints = new Complaints(ports);
    this.#farewells = new Farewells(ports);
    this.#arrivals = new Arrivals(ports.clock, limits);
    this.#brokerUsers = new BrokerUsers(ports);
  }

  start(): void {
    const { bus } = this.#ports;
    const stops = [
      bus.subscribe('desired', (payload) => this.#ring(payload), { lost: () => this.#lookAll() }),
      bus.subscribe('members', (payload) => this.#review(payload), { lost: () => this.refresh() }),
    ];
    stops.push(bus.serve(this.#ports.instance, (text) => this.#asked(text)));
    this.#unsubscribe = () => {
      for (const stop of stops) stop();
    };
  }

  async beaten(registered: boolean): Promise<void> {
    const { store } = this.#ports;
    if (registered) await Promise.all([...this.#sessions.values()].map((session) => session.claim()));
    await this.#farewells.beaten();
    const owed = [...this.#owed];
    this.#owed.clear();
    await this.#refreshAll(owed);
    this.#brokerUsers.beaten();
    const clusters = await store.sweepInstances();
    if (clusters.length === 0) return;
    await store.write([{ put: 'outbox', row: { subject: 'statuses', payload: { clusters, applications: [] } } }]);
  }

  joinToken(request: JoinRequest): Promise<JoinToken> {
    return makeToken(this.#ports, request);
  }

  enroll(request: EnrollRequest): Promise<EnrollResponse> {
    return enroll({ ...this.#ports, brokerUsers: this.#brokerUsers }, { request, limits: this.#limits });
  }

  renew(request: RenewRequest): Promise<RenewResponse> {
    return renew({ ...this.#ports, brokerUsers: this.#brokerUsers }, request);
  }

  async accept(channel: AgentChannel): Promise<ChannelHandler> {
    const { caller } = channel;
    const standing = await this.#admit(caller);
    if (this.#isClosed)
      throw new FairleadError('Cannot take the stream: the hub is stopping. The agent tries again.', {
        code: 'Unavailable',
        reason: 'Shutdown',
        retry: 'backoff',
      });
    const before = this.#sessions.get(caller.cluster);
    const session: AgentSession = new AgentSession({
      ports: this.#ports,
      limits: this.#limits,
      shelf: this.#shelf,
      dispatch: this.#dispatch,
      complaints: this.#complaints,
      farewells: this.#farewells,
      channel,
      standing,
      gone: () => {
        this.#owed.delete(session);
        if (this.#sessions.get(caller.cluster) === session) this.#sessions.delete(caller.cluster);
      },
    });
    this.#sessions.set(caller.cluster, session);
    before?.close(`Another stream of ${caller.cluster} took the place of this one.`);
    return session;
  }

  async #admit(caller: Caller): Promise<Standing> {
    try {
      this.#arrivals.admit(caller);
    } catch (thrown) {
      this.#complaints.say(caller.cluster, comesTooOften(asFairleadError(thrown)));
      throw thrown;
    }
    try {
      return await standingOf(this.#ports, caller);
    } catch (thrown) {
      const refusal = asFairleadError(thrown);
      if (refusal.code === 'PermissionDenied') this.#arrivals.refused(caller, refusal);
      throw thrown;
    }
  }

  refresh(): void {
    void this.#refreshAll([...this.#sessions.values()]);
    this.#brokerUsers.review();
  }

  brokerThere(): void {
    this.#brokerUsers.brokerThere();
  }

  letGo(): void {
    for (const session of this.#sessions.values())
      session.close('The store of the hub was set back; connect again and say where you are.');
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    for (const session of this.#sessions.values()) session.close('The hub is stopping.');
  }

  async #ring({ clusters: named }: Payload<'desired'>): Promise<void> {
    if (!named) return this.#lookAll();
    const unreached: ClusterName[] = [];
    for (const cluster of named) {
      const session = this.#sessions.get(cluster);
      if (session) session.look();
      else unreached.push(cluster);
    }
    await noteUnreached(this.#ports, unreached);
  }

  /** A role asks for the word of an agent whose stream is here. */
  async #asked(text: string): Promise<string> {
    return JSON.stringify(await this.#reply(text));
  }

  async #reply(text: string): Promise<Reply> {
    try {
      const question = parseQuestion(text);
      const session = this.#sessions.get(question.cluster);
      if (!session) throw notHere(question.cluster);
      return { result: await session.ask(question) };
    } catch (thrown) {
      return { problem: plainError(asFairleadError(thrown)) };
    }
  }

  #lookAll(): void {
    for (const session of this.#sessions.values()) session.look();
  }

  /** Memberships changed: who has no business here any more is turned away, and who waited is served. */
  async #review({ clusters: named }: Payload<'members'>): Promise<void> {
    if (!named) return this.refresh();
    this.#brokerUsers.review(named);
    await this.#refreshAll(named.flatMap((cluster) => this.#sessions.get(cluster) ?? []));
  }

  /** A few at a time. What failed is told of once, is owed, and the others are looked at all the same. */
  async #refreshAll(sessions: readonly AgentSession[]): Promise<void> {
    const failed: unknown[] = [];
    await forEach(sessions, (session) =>
      session.refresh().catch((error: unknown) => {
        failed.push(error);
        this.#owed.add(session);
      }),
    );
    if (failed.length > 0) this.#ports.onError(failed[0]);
  }
}

function notHere(cluster: ClusterName): FairleadError {
  return new FairleadError(`Cannot ask ${cluster}: its stream is not at this gateway. Look again where it is.`, {
    code: 'Unavailable',
    reason: 'ClusterSilent',
    subject: { cluster },
    retry: 'backoff',
  });
}
