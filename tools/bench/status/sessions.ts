import { createHash } from 'node:crypto';
import { inProcessBus } from '@fairlead/adapters/bus';
import { statusDigest } from '@fairlead/core/bundle';
import type {
  AgentMessage,
  ApplicationId,
  ApplicationStatus,
  ClusterName,
  CommitSha,
  Digest,
  EnvironmentName,
} from '@fairlead/core/model';
import { systemClock } from '@fairlead/ports/clock';
import { memoryAuthority } from '@fairlead/ports/keys';
import type { Change, Store } from '@fairlead/ports/store';
import type { ChannelHandler } from '@fairlead/ports/transport';
import { createGateway, type Gateway } from '@fairlead/shell/gateway';
import { startRelay } from '@fairlead/shell/outbox';

const instance = 'bench';
const environment = 'all' as EnvironmentName;
const everything = { namespaces: [], allowKinds: [], denyKinds: [] };
const commit = 'c'.repeat(40) as CommitSha;

/** A gateway, and how its part of the process ends. */
export interface OpenGateway {
  readonly gateway: Gateway;
  stop(): Promise<void>;
}

/**
 * A gateway of the real code on a store, with the relay that carries what its writes ring, and without a transport:
 * messages are handed to its sessions as they are.
 */
export async function openGateway(store: Store): Promise<OpenGateway> {
  const onError = (error: unknown): void => void process.stderr.write(`${String(error)}\n`);
  const bus = inProcessBus({ clock: systemClock, onError });
  const gateway = createGateway({
    instance,
    store,
    bus,
    clock: systemClock,
    authority: memoryAuthority({ now: () => systemClock.now() }),
    member: (cluster) => Promise.resolve({ key: keyOf(cluster) }),
    epochReady: () => false,
    gatewayAddress: 'bench',
    onError,
  });
  const relay = startRelay({ store, bus, onError });
  gateway.start();
  await gateway.beaten(await store.beat({ instance, role: 'gateway', ttlMs: 3_600_000 }));
  return { gateway, stop: () => relay.stop() };
}

/**
 * One agent at the gateway, with as many applications as were asked for. It keeps none of their statuses: what it says
 * follows from how often it spoke, so that the process that is measured holds the gateway and little else.
 */
export class StatusSender {
  readonly cluster: ClusterName;
  readonly #applications: number;
  #handler: ChannelHandler | undefined;
  #session = 0;
  #sequence = 0;
  #turns = 0;

  constructor(cluster: ClusterName, applications: number) {
    this.cluster = cluster;
    this.#applications = applications;
  }

  /** What the planner would have given it. */
  assignments(): Change[] {
    return Array.from({ length: this.#applications }, (_, number) => {
      const { cluster } = this;
      const given = { ...bundleOf(number), environment };
      const entry = { ...given, version: '1.0.0', attempt: commit, team: everything, acknowledged: {} };
      const { application } = given;
      return { put: 'assignment', row: { cluster, application, environment, entry, generation: 1, assignedAtMs: 0 } };
    });
  }

  /** Hello, and the whole status: as many rows as there are applications, when it resolves. */
  async begin(gateway: Gateway): Promise<void> {
    const { cluster } = this;
    this.#handler = await gateway.accept({
      caller: { cluster, key: keyOf(cluster) },
      send: (message) => {
        if (message.type === 'Settings') this.#session = message.session;
        return Promise.resolve();
      },
      close: (reason) => process.stderr.write(`${cluster} was refused: ${reason}\n`),
    });
    await this.#send({
      type: 'Hello',
      agentVersion: '0.0.0',
      kubernetesVersion: 'v1.36.0',
      capabilities: [],
      statusDigest: statusDigest([]),
    });
    const all = Array.from({ length: this.#applications }, (_, number) => statusOf(number, 0));
    await this.#delta(all, true);
  }

  /** One application says something new; resolves when the store has it. */
  async update(): Promise<void> {
    this.#turns += 1;
    await this.#delta([statusOf(this.#turns % this.#applications, this.#turns)], false);
  }

  #delta(changed: readonly ApplicationStatus[], full: boolean): Promise<void> {
    this.#sequence += 1;
    return this.#send({
      type: 'StatusDelta',
      session: this.#session,
      sequence: this.#sequence,
      full,
      changed,
      removed: [],
      // What it names is not looked into by the gateway; a digest of a hundred statuses would be the bench's own cost.
      statusDigest: digestOf(`${this.cluster} ${this.#sequence}`),
    });
  }

  async #send(message: AgentMessage): Promise<void> {
    await this.#handler?.message(message);
  }
}

function keyOf(cluster: ClusterName): Digest {
  return digestOf(`key of ${cluster}`);
}

function digestOf(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
}

const bundles = new Map<number, Pick<ApplicationStatus, 'application' | 'release' | 'bundle'>>();

/** What all clusters say alike of an application. */
function bundleOf(number: number) {
  let bundle = bundles.get(number);
  if (!bundle) {
    const application = `default/${number === 0 ? 'web' : `web-${number}`}` as ApplicationId;
    bundle = { application, release: digestOf(`release ${number}`), bundle: digestOf(`bundle ${number}`) };
    bundles.set(number, bundle);
  }
  return bundle;
}

/** Every seventh turn one is unhealthy, so that filters find something. */
function statusOf(number: number, turn: number): ApplicationStatus {
  const isWell = (number + turn) % 7 > 0;
  return {
    ...bundleOf(number),
    attempt: commit,
    sync: 'InSync',
    health: isWell ? 'Healthy' : 'Progressing',
    drift: 'None',
    reason: isWell ? 'Applied' : 'ReplicasUnavailable',
    message: isWell ? 'every object is as it was applied' : `one object is not ready yet (${turn})`,
    objects: 20,
    healthyObjects: isWell ? 20 : 19,
    ...(isWell ? { healthyForMs: 1_000 } : {}),
    problems: [],
  };
}
