import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fleetFixture, startAgent, type AgentProcess, type Fleet } from '@fairlead/testkit/fleet';
import {
  type ApiFailure,
  readAudit,
  startApiProxy,
  until,
  type ApiProxy,
  type AuditEntry,
  type ControlPlane,
  type LiveObject,
  type ProxiedRequest,
} from '@fairlead/testkit/kube';
import { createEndings, tailOf } from '@fairlead/testkit/process';
import { manifests, oneShop } from './documents.ts';
import { isOfApplications, isWrite, untilPlacement } from './observe.ts';

/** Where an agent dies: before its Nth write is heard by the API server, or after it was done and before the answer. */
export interface Death {
  readonly nth: number;
  readonly when: 'unsent' | 'unanswered';
}

/** What one life of the agent left behind. */
export interface Life {
  /** False: it reached its goal in fewer writes. */
  readonly killed: boolean;
  /** Writes that count: to objects of the application and to the agent's records. */
  readonly writes: number;
  /** Paths of the objects that were sent. */
  readonly sent: ReadonlySet<string>;
  /** Paths whose answers were heard before the last but one write of the inventory began: their marks are written for certain. */
  readonly marked: ReadonlySet<string>;
}

/** An agent without a hub, which may be killed between any two writes, and the states that a hub once gave it. */
export interface KillRig {
  readonly plane: ControlPlane;
  /** Lets the agent find this desired state the next time that it starts. It must be down. */
  aim(version: string): Promise<void>;
  /** Takes everything of the application and its inventory away, as if it had never been applied. */
  wipe(): Promise<void>;
  /** Starts the agent and waits until it is killed, or in sync. It is down afterwards. */
  live(death?: Death): Promise<Life>;
  /** Paths of the live objects of the application, with what is looked at in them. */
  objects(): Promise<Map<string, LiveObject>>;
  /** What agents did to objects of the application from a moment on, by the clock of this machine. */
  writesFrom(atMs: number): Promise<AuditEntry[]>;
  stop(): Promise<void>;
}

const agentNamespace = 'fairlead-system';
const secrets = `/api/v1/namespaces/${agentNamespace}/secrets`;
const deliveries = `/apis/fairlead.dev/v1alpha1/namespaces/${agentNamespace}/deliveries`;
const delivery = `${deliveries}/default.shop`;
const inventoryHead = /\/secrets(\/fairlead-inventory-[0-9a-f]{16})?$/;

/**
 * Starts a fleet of one cluster, lets its hub give each version of the source once, keeps what the agent wrote of it, and
 * ends hub and agent. `collections` are where the application's objects lie.
 */
export async function startKillRig(options: {
  readonly versions: Readonly<Record<string, readonly object[]>>;
  readonly collections: readonly string[];
}): Promise<KillRig> {
  const endings = createEndings();
  try {
    const [[, first], ...others] = Object.entries(options.versions) as [
      [string, readonly object[]],
      ...[string, readonly object[]][],
    ];
    const fleet = endings.of(await startFleet(first));
    const { plane, agent } = fleet.member('edge');
    const states = new Map<string, readonly LiveObject[]>();
    await untilVersion(fleet, undefined);
    states.set(Object.keys(options.versions)[0] as string, await readState(plane));
    for (const [version, objects] of others) {
      const before = await bundleOf(fleet);
      await fleet.push('shop', { files: { 'deploy/all.yaml': manifests(...objects) }, message: version });
      await untilVersion(fleet, before);
      states.set(version, await readState(plane));
    }
    await fleet.hub.kill();
    await agent.kill();
    const proxy = endings.of(await startApiProxy(plane));
    const folder = join(fleet.folder, 'killed');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const killed = await startAgent({ plane: { ...plane, writeKubeconfig: proxy.writeKubeconfig }, folder });
    await killed.kill();
    endings.add(() => killed.kill());
    return rigOf({ plane, proxy, agent: killed, states, collections: options.collections, stop: endings.stop });
  } catch (error) {
    await endings.stop();
    throw error;
  }
}

function startFleet(objects: readonly object[]): Promise<Fleet> {
  return fleetFixture({
    clusters: [{ name: 'edge', labels: { env: 'dev' }, controllers: false }],
    repositories: {
      shop: () => ({ 'deploy/all.yaml': manifests(...objects) }),
      fleet: (gitUrl) => ({
        'fairlead.yaml': oneShop('kills', { environment: 'dev', gitUrl }),
      }),
    },
  });
}

const shop = { cluster: 'edge', application: 'default/shop' } as const;

async function bundleOf(fleet: Fleet): Promise<string | undefined> {
  const { items } = await fleet.hub.client.call('listPlacements', { query: shop });
  return items[0]?.bundle;
}

async function untilVersion(fleet: Fleet, before: string | undefined): Promise<void> {
  await untilPlacement(fleet, {
    ...shop,
    what: 'in sync with the next version',
    is: ({ sync, bundle }) => sync === 'InSync' && bundle !== before,
  });
}

async function readState(plane: ControlPlane): Promise<readonly LiveObject[]> {
  const { items } = await plane.api.get(`${secrets}?labelSelector=fairlead.dev/state=fairlead-desired`);
  return items.map(({ metadata: { name, labels }, type, data }: LiveObject) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels },
    type,
    data,
  }));
}

interface Parts {
  readonly plane: ControlPlane;
  readonly proxy: ApiProxy;
  readonly agent: AgentProcess;
  readonly states: ReadonlyMap<string, readonly LiveObject[]>;
  readonly collections: readonly string[];
  readonly stop: () => Promise<void>;
}

function rigOf({ plane, proxy, agent, states, collections, stop }: Parts): KillRig {
  const objects: KillRig['objects'] = async () => {
    const found = new Map<string, LiveObject>();
    for (const collection of collections) {
      // The kind may not be defined yet, or any more.
      const { items = [] } = await plane.api
        .get(`${collection}?labelSelector=fairlead.dev/application`)
        .catch(unlessAbsent);
      for (const object of items) found.set(`${collection}/${object.metadata.name}`, object);
    }
    return found;
  };
  return {
    plane,
    objects,
    stop,
    async aim(version) {
      await plane.api.delete(`${secrets}?labelSelector=fairlead.dev/state=fairlead-desired`);
      for (const secret of states.get(version) ?? []) await plane.api.create(secrets, secret);
    },
    async wipe() {
      const ours = '?labelSelector=fairlead.dev/application';
      for (const collection of collections) await plane.api.delete(`${collection}${ours}`).catch(unlessAbsent);
      await until(async () => (await objects()).size === 0, { what: 'the objects of the application to be gone' });
      const { items } = await plane.api.get(`${secrets}?labelSelector=fairlead.dev/state`);
      for (const { metadata } of items)
        if (metadata.name.startsWith('fairlead-inventory-')) await plane.api.delete(`${secrets}/${metadata.name}`);
    },
    async live(death) {
      // Written anew, it is the word of this life.
      await plane.api.delete(delivery).catch(() => undefined);
      const watch = watchOver({ proxy, agent, death });
      const isInSync = async (): Promise<boolean> => {
        const { status } = await plane.api.get(delivery);
        if (status?.sync === 'InSync') return true;
        throw new Error(`${JSON.stringify(status)}, and its log ends with\n${await tailOf(agent.logFile)}`);
      };
      try {
        await agent.start();
        await until(async () => watch.isOver() || (await isInSync()), {
          what: 'the agent to be in sync',
          timeoutMs: 60_000,
          pollMs: 20,
        });
      } finally {
        await agent.kill();
      }
      await until(() => watch.underWay() === 0, { what: 'the API server to have done what it was sent' });
      await until(async () => [...(await objects()).values()].every(isAtRest), {
        what: 'the API server to have established what was defined',
      });
      proxy.hooks = {};
      return watch.life();
    },
    // The log is written a moment after the answer: its end says nothing of who came last, its times do.
    writesFrom: (atMs) =>
      readAudit(plane.auditLogPath, {
        where: (entry) =>
          isWrite(entry) && isOfApplications(entry) && Date.parse(entry.requestReceivedTimestamp) >= atMs,
      }),
  };
}

interface Watch {
  isOver(): boolean;
  /** Writes that the API server is doing. */
  underWay(): number;
  life(): Life;
}

/** Counts writes on their way through the proxy, and kills the agent at the one that is meant. */
function watchOver({ proxy, agent, death }: { proxy: ApiProxy; agent: AgentProcess; death: Death | undefined }): Watch {
  const sent = new Set<string>();
  const heard = new Set<string>();
  const numbers = new WeakMap<ProxiedRequest, number>();
  /** What had been heard when each write of the inventory began. */
  const begun: ReadonlySet<string>[] = [];
  let [writes, underWay, isOver] = [0, 0, false];
  const kill = async (): Promise<'Drop'> => {
    isOver = true;
    await agent.kill();
    return 'Drop';
  };
  proxy.hooks = {
    arrived(request) {
      if (!counts(request)) return 'Pass';
      // What a dead process had still in its buffers was never sent.
      if (isOver) return 'Drop';
      writes += 1;
      numbers.set(request, writes);
      if (death?.when === 'unsent' && death.nth === writes) return kill();
      underWay += 1;
      if (isOfInventory(request)) begun.push(new Set(heard));
      else if (!isOfAgent(request)) sent.add(request.url.pathname);
      return 'Pass';
    },
    answered(request) {
      const number = numbers.get(request);
      if (number === undefined) return isOver ? 'Drop' : 'Pass';
      underWay -= 1;
      if (death?.when === 'unanswered' && death.nth === number) return kill();
      return isOver ? 'Drop' : 'Pass';
    },
    delivered(request) {
      if (request.method === 'PATCH' && counts(request)) heard.add(request.url.pathname);
    },
  };
  return {
    isOver: () => isOver,
    underWay: () => underWay,
    life: () => ({ killed: isOver, writes, sent, marked: begun.at(-2) ?? new Set() }),
  };
}

function unlessAbsent(error: ApiFailure): LiveObject {
  if (error.status !== 404) throw error;
  return {};
}

/** The API server itself writes the status of a definition, a moment after it was made. */
function isAtRest({ spec, status }: LiveObject): boolean {
  const isEstablished = ({ type, status: is }: LiveObject): boolean => type === 'Established' && is === 'True';
  return spec?.names === undefined || (status?.conditions ?? []).some(isEstablished);
}

/** Deliveries, Events and the lease tell a story and decide nothing. */
function counts({ method, url }: ProxiedRequest): boolean {
  if (method === 'GET') return false;
  return !/\/(events|deliveries|leases|selfsubjectaccessreviews)(\/|$)/.test(url.pathname);
}

function isOfAgent({ url }: ProxiedRequest): boolean {
  return url.pathname.startsWith(`/api/v1/namespaces/${agentNamespace}/`);
}

function isOfInventory(request: ProxiedRequest): boolean {
  if (!isOfAgent(request) || !inventoryHead.test(request.url.pathname)) return false;
  return request.method !== 'POST' || /"name":"fairlead-inventory-[0-9a-f]{16}"/.test(request.body.toString());
}
