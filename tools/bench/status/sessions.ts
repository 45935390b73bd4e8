import { createHash } from 'node:crypto';
import { statusDigest } from '@fairlead/core/bundle';
import type {
  AgentMessage,
  ApplicationId,
  ApplicationStatus,
  ClusterName,
  CommitSha,
  Digest,
} from '@fairlead/core/model';
import { memoryBus } from '@fairlead/ports/bus';
import { systemClock } from '@fairlead/ports/clock';
import { memoryAuthority } from '@fairlead/ports/keys';
import type { Store } from '@fairlead/ports/store';
import type { ChannelHandler } from '@fairlead/ports/transport';
import { createGateway, type Gateway } from '@fairlead/shell/gateway';

const instance = 'bench';
const commit = 'c'.repeat(40) as CommitSha;

/** A gateway of the real code on a store, without a transport: messages are handed to its sessions as they are. */
export async function openGateway(store: Store): Promise<Gateway> {
  const gateway = createGateway({
    instance,
    store,
    bus: memoryBus(),
    clock: systemClock,
    authority: memoryAuthority({ now: () => systemClock.now() }),
    member: (cluster) => Promise.resolve({ key: keyOf(cluster) }),
    epochReady: () => false,
    gatewayAddress: 'bench',
    onError: (error) => process.stderr.write(`${String(error)}\n`),
  });
  gateway.start();
  await gateway.beaten(await store.beat({ instance, role: 'gateway', ttlMs: 3_600_000 }));
  return gateway;
}

/** One agent at the gateway, with as many applications as were asked for. */
export class StatusSender {
  readonly cluster: ClusterName;
  readonly #statuses: ApplicationStatus[];
  #handler: ChannelHandler | undefined;
  #session = 0;
  #sequence = 0;
  #turns = 0;

  constructor(cluster: ClusterName, applications: number) {
    this.cluster = cluster;
    this.#statuses = Array.from({ length: applications }, (_, number) => statusOf(number, 0));
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
    await this.#delta(this.#statuses, true);
  }

  /** One application says something new; resolves when the store has it. */
  async update(): Promise<void> {
    this.#turns += 1;
    const at = this.#turns % this.#statuses.length;
    const status = statusOf(at, this.#turns);
    this.#statuses[at] = status;
    await this.#delta([status], false);
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

/** Every seventh turn one is unhealthy, so that filters find something. */
function statusOf(number: number, turn: number): ApplicationStatus {
  const isWell = (number + turn) % 7 > 0;
  return {
    application: `default/${number === 0 ? 'web' : `web-${number}`}` as ApplicationId,
    release: digestOf(`release ${number}`),
    bundle: digestOf(`bundle ${number}`),
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
