import type { ClusterName } from '@fairlead/core/model';
import { until } from '@fairlead/testkit/kube';
import { calm, setScene, usageOfAll, type Scene, type SimulatedIdentity } from '@fairlead/testkit/simulator';
import type { Answer } from '@fairlead/wire/rest';

/** Clusters that do nothing wrong. */
export const good = 50;
const bad = 8;
/** What the hub's memory may grow by while a neighbour does its worst: a release to fifty takes some of it. */
export const mostGrowthBytes = 200 * 1024 ** 2;
const timeoutMs = 120_000;

/** What a release cost the good ones. */
export interface ReleaseCost {
  /** Indexes and objects that came to them. */
  readonly blobs: number;
  readonly applied: number | undefined;
  readonly connected: number;
  /** Connections that failed or were begun anew. */
  readonly broken: number;
  /** Times that the hub had to ask for a whole status. */
  readonly asked: number;
}

/** One index and one changed object each, applied once, on streams that stand. */
export const undisturbed: ReleaseCost = { blobs: good * 2, applied: good, connected: good, broken: 0, asked: 0 };

/** Good clusters that are simulated, and identities of bad ones beside them, on one embedded hub. */
export interface Neighbourhood {
  readonly scene: Scene;
  /** Members as the good ones are, with nobody on their streams. */
  readonly bad: readonly ClusterName[];
  identity(cluster: ClusterName): SimulatedIdentity;
  /** Changes one object and waits until the good ones are healthy on it. */
  release(): Promise<ReleaseCost>;
  /** The release that came last, by its commit in the ledger. */
  last(): { readonly attempt: string };
  /** What the hub says of the application in a cluster. */
  placement(cluster: ClusterName): Promise<Answer<'listPlacements'>['items'][number] | undefined>;
  /** Bytes that the hub's process has in memory. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts it; everybody has the first release, the bad ones too, who are gone since. */
export async function startNeighbourhood(transport: 'grpc' | 'nats'): Promise<Neighbourhood> {
  const behaviour = { ...calm, verifyShare: 1 };
  const scene = await setScene({ clusters: good + bad, objects: 5, behaviour, transport });
  try {
    return await settle(scene);
  } catch (error) {
    await scene.stop();
    throw error;
  }
}

async function settle(scene: Scene): Promise<Neighbourhood> {
  const names = scene.agents.slice(good).map(({ cluster }) => cluster);
  const simulator = scene.connect(scene.agents.slice(0, good));
  const others = scene.connect(scene.agents.slice(good));
  const promoted = async (since: string): Promise<string> => {
    const range = since === '' ? 'main' : `${since}..main`;
    const log = (): Promise<string> =>
      scene.git.git('fleet', 'log', '--format=%H', range, '--', 'ledger/all/default/web.yaml');
    return until(async () => (await log()).trim().split('\n')[0], { what: 'the change to be promoted', timeoutMs });
  };
  let attempt = await promoted('');
  const healthy =
    (count: number) =>
    ({ marks }: { marks: Readonly<Record<string, { count: number }>> }) =>
      marks[`Healthy:${attempt}`]?.count === count;
  await simulator.until(healthy(good), { what: 'the first release at the good ones', timeoutMs });
  await others.until(healthy(bad), { what: 'the first release at the bad ones', timeoutMs });
  await others.stop();
  let rounds = 0;
  return {
    scene,
    bad: names,
    last: () => ({ attempt }),
    identity(cluster) {
      const found = scene.agents.find((agent) => agent.cluster === cluster);
      if (!found) throw new Error(`Cannot find ${cluster} among the members`);
      return found;
    },
    async release() {
      const before = await simulator.fresh();
      const since = (await scene.git.git('fleet', 'rev-parse', 'main')).trim();
      await scene.change((rounds += 1));
      attempt = await promoted(since);
      await simulator.until(healthy(good), { what: 'the release at the good ones', timeoutMs });
      const after = await simulator.fresh();
      const more = (of: 'sent' | 'received', type: string): number => (after[of][type] ?? 0) - (before[of][type] ?? 0);
      return {
        blobs: after.blobs - before.blobs,
        applied: after.marks[`Applying:${attempt}`]?.count,
        connected: after.connected,
        broken: after.failures - before.failures + more('sent', 'Hello'),
        asked: more('received', 'NeedStatus'),
      };
    },
    async placement(cluster) {
      const query = { cluster, application: 'default/web' };
      return (await scene.hub.client.call('listPlacements', { query })).items[0];
    },
    memory: async () => (await usageOfAll(scene.hub.pids)).rssBytes,
    stop: () => scene.stop(),
  };
}
