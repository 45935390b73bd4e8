import { createHash } from 'node:crypto';
import { headBytes } from '@fairlead/core/bundle';
import type {
  AgentMessage,
  ApplicationId,
  BundleIndex,
  ClusterName,
  CommitSha,
  DesiredEntry,
  Digest,
  HubMessage,
  MessageOf,
  Position,
  SignedHead,
} from '@fairlead/core/model';
import { memoryBus } from '@fairlead/ports/bus';
import { manualClock } from '@fairlead/ports/clock';
import { memoryAuthority } from '@fairlead/ports/keys';
import { memoryStore, type AssignmentRow, type Change } from '@fairlead/ports/store';
import { memoryTransport } from '@fairlead/ports/transport';
import { createGateway } from './gateway.ts';
import type { GatewayLimits, NatsAccounts } from './ports.ts';

/** Digest of a text, as the fakes make it. */
export function digestOf(text: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
}

export const shop = 'shop-0042' as ClusterName;
export const noStatus = digestOf('no status');
export const commit = 'c'.repeat(40) as CommitSha;

/** A gateway on fakes, and a ledger that the test writes. Clusters hold the key `key-of-NAME`. */
export async function hub(limits: Partial<GatewayLimits> = {}, nats?: NatsAccounts) {
  const store = memoryStore({ now: () => clock.now() });
  const bus = memoryBus();
  const clock = manualClock(1_000_000_000);
  const transport = memoryTransport();
  const ledger = new Map<ClusterName, { readonly key: Digest }>();
  const state: { epochReady: boolean; memberFails?: Error | undefined } = { epochReady: true };
  const errors: unknown[] = [];
  const gateway = createGateway(
    {
      instance: 'gateway-1',
      store,
      bus,
      clock,
      authority: memoryAuthority({ now: clock.now }),
      async member(cluster) {
        if (state.memberFails) throw state.memberFails;
        return ledger.get(cluster);
      },
      epochReady: () => state.epochReady,
      gatewayAddress: 'hub:8443',
      ...(nats && { nats }),
      onError: (error) => errors.push(error),
    },
    limits,
  );
  gateway.start();
  await gateway.beaten(await store.beat({ instance: 'gateway-1', role: 'gateway', ttlMs: 60_000 }));
  await transport.listener.listen((channel) => gateway.accept(channel));
  return { store, bus, clock, transport, ledger, state, errors, gateway };
}

/** What {@link hub} gives. */
export type Hub = Awaited<ReturnType<typeof hub>>;

/** An agent that keeps what it hears. `reads: false` never takes a message after the first; `key` is not the cluster's. */
export async function connect(
  at: Hub,
  cluster = shop,
  options: { readonly reads?: boolean; readonly key?: string } = {},
) {
  const heard: HubMessage[] = [];
  const waiting = new Set<() => void>();
  const caller = { cluster, key: digestOf(options.key ?? `key-of-${cluster}`) };
  const connection = await at.transport.link(caller).connect(async (message) => {
    heard.push(message);
    for (const look of waiting) look();
    if (options.reads === false) await connection.closed;
  }, new AbortController().signal);
  /** The first message of a type that was not taken yet. */
  const next = <Type extends HubMessage['type']>(type: Type): Promise<MessageOf<HubMessage, Type>> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = heard.findIndex((message) => message.type === type);
        if (found < 0) return;
        waiting.delete(look);
        resolve(heard.splice(found, 1)[0] as MessageOf<HubMessage, Type>);
      };
      waiting.add(look);
      look();
    });
  const hello = async (from: Partial<MessageOf<AgentMessage, 'Hello'>> = {}) => {
    await connection.send({
      type: 'Hello',
      agentVersion: '0.1.0',
      kubernetesVersion: 'v1.36.1',
      capabilities: [],
      statusDigest: noStatus,
      ...from,
    });
    return next('Settings');
  };
  return { connection, heard, next, hello };
}

/** A member that has connected and said Hello. */
export async function joined(at: Hub, cluster = shop) {
  at.ledger.set(cluster, { key: digestOf(`key-of-${cluster}`) });
  const agent = await connect(at, cluster);
  const { session } = await agent.hello();
  return { ...agent, session };
}

/** A bundle of objects, as the blobs that the renderer would have stored. */
export function bundleOf(application: string, objects: readonly string[]): { digest: Digest; blobs: Change[] } {
  const index = {
    application: application as ApplicationId,
    objects: objects.map((text) => ({ key: {}, digest: digestOf(text), stage: 0 })),
  } as unknown as BundleIndex;
  const texts = [...objects, JSON.stringify(index)].map((text) => new TextEncoder().encode(text));
  return {
    digest: digestOf(JSON.stringify(index)),
    blobs: texts.map((data) => ({ put: 'blob', row: { digest: digestOf(data), data, secret: false } })),
  };
}

/** A row that assigns a bundle. */
export function assignment(application: string, bundle: Digest, generation: number): AssignmentRow {
  const entry: DesiredEntry = {
    application: application as ApplicationId,
    environment: 'prod',
    release: digestOf('release'),
    version: '1',
    bundle,
    attempt: commit,
    team: { namespaces: [], allowKinds: [], denyKinds: [] },
    acknowledged: {},
  };
  return {
    cluster: shop,
    application: application as ApplicationId,
    environment: 'prod' as never,
    entry,
    generation,
    assignedAtMs: 0,
  };
}

/** A head at a position, as the planner of this hub signs it. */
export function signedAt(position: Position, cluster = shop): { position: Position; root: Digest; head: SignedHead } {
  const root = digestOf(`root ${position.epoch}.${position.generation}`);
  const bytes = headBytes({ cluster, position, root });
  return { position, root, head: { bytes, signature: new Uint8Array([1]), keyId: 'key-1' } };
}

/** What the planner writes for a new desired state, without the bell. */
export function planned(position: Position, rows: readonly AssignmentRow[], cluster = shop): Change[] {
  const { root, head } = signedAt(position, cluster);
  return [
    { put: 'head', row: { cluster, position, root, head } },
    ...rows.map((row) => ({ put: 'assignment', row: { ...row, cluster } }) as const),
  ];
}

/** An agent that has said Hello and reads nothing of the twenty heads that were planned for it since. */
export async function deaf(at: Hub) {
  at.ledger.set(shop, { key: digestOf(`key-of-${shop}`) });
  const agent = await connect(at, shop, { reads: false });
  await agent.hello();
  for (let generation = 1; generation <= 20; generation += 1) {
    await at.store.write(planned({ epoch: 1, generation }, []));
    await at.bus.publish('desired', { clusters: [shop] });
    await at.bus.settled();
  }
  return agent;
}
