import { buildBundle, desiredRoot, type BundleParts } from '@fairlead/core/bundle';
import {
  type ApplicationId,
  type ApplicationStatus,
  type CommitSha,
  type DesiredEntry,
  type Digest,
  type DriftItem,
  type KubeObject,
  type ObjectKey,
  type Tombstone,
} from '@fairlead/core/model';
import { manualClock, type ManualClock } from '@fairlead/ports/clock';
import { fakeCluster, type FakeCall, type FakeCluster, type FakeClusterOptions } from '@fairlead/ports/cluster';
import { vi } from 'vitest';
import { createCrew, type Crew } from '../crew.ts';
import { createReporter } from '../hub/reporter.ts';
import { silentLog } from '../log.ts';
import { applier, type Ground } from '../loop/ground.ts';
import { createNamespaces } from '../namespaces.ts';
import { createPace } from '../pace.ts';
import { defaultPolicy, type OwnerPolicy } from '../policy.ts';
import { openAgentState, type AgentState } from '../state/agentState.ts';
import { createWatchers, type Watchers } from '../watch/watchers.ts';

/** An application as a test writes it. */
export interface TestApplication extends Partial<Omit<BundleParts, 'application' | 'sync'>> {
  readonly objects: readonly KubeObject[];
  readonly sync?: Partial<BundleParts['sync']>;
  readonly entry?: Partial<DesiredEntry>;
}

/** What a test wants of the cluster. */
export interface TestDesired {
  readonly applications?: Readonly<Record<string, TestApplication>>;
  readonly tombstones?: readonly (Pick<Tombstone, 'application'> & Partial<Tombstone>)[];
}

/** The agent's loops on a fake API server, without a hub. */
export interface Rig {
  readonly api: FakeCluster;
  readonly clock: ManualClock;
  readonly drifts: DriftItem[];
  crew: Crew;
  state: AgentState;
  policy: OwnerPolicy;
  /** Accepts a desired state. */
  want(desired: TestDesired): Promise<void>;
  status(application: string): ApplicationStatus | undefined;
  /** Waits, moving the clock on a little each time, until the application's status has these fields. */
  until(application: string, fields: Partial<ApplicationStatus>): Promise<ApplicationStatus>;
  /** Waits, moving the clock on by `stepMs` each time, until the check passes. */
  eventually(check: () => void, stepMs?: number): Promise<void>;
  /** Writes to what is managed: everything but the agent's own Secrets, which go by its own rights. */
  writes(): FakeCall[];
  /** Ends the loops, as a kill does if `cleanly` is false, and begins anew from what lies in the cluster. */
  restart(options?: { cleanly?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** Everything of the agent's own lies here. */
export const agentNamespace = 'fairlead';
const commit = '1'.repeat(40) as CommitSha;
const digest = `sha256:${'2'.repeat(64)}` as Digest;
const writing = new Set(['apply', 'create', 'replace', 'patch', 'delete']);

/** Begins an agent's loops on an empty cluster. */
export async function rigUp(options: FakeClusterOptions = {}): Promise<Rig> {
  const clock = manualClock(Date.UTC(2026, 10, 1));
  const api = fakeCluster({ now: () => clock.now(), ...options });
  await api.create(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: agentNamespace } },
    { identity: { as: 'self' } },
  );
  const running: Running[] = [];
  let generation = 0;
  const begin = async (): Promise<void> => {
    const next = await assemble(rig);
    running.push(next);
    Object.assign(rig, { crew: next.crew, state: next.state });
    if (next.state.accepted) await next.crew.accept(next.state.accepted);
  };
  const rig: Rig = {
    api,
    clock,
    drifts: [],
    policy: defaultPolicy,
    crew: undefined as unknown as Crew,
    state: undefined as unknown as AgentState,
    async want(desired) {
      generation += 1;
      const { accepted, texts } = desiredOf(desired, generation);
      await rig.state.accept(accepted, texts);
      await rig.crew.accept(accepted);
    },
    status: (application) =>
      running
        .at(-1)
        ?.status()
        .find((one) => one.application === application),
    until: (application, fields) =>
      vi.waitFor(
        () => {
          clock.advance(20);
          const status = rig.status(application);
          for (const [field, value] of Object.entries(fields)) {
            const found = status?.[field as keyof ApplicationStatus];
            if (found !== value)
              throw new Error(
                `${field} is ${JSON.stringify(found)} and not ${JSON.stringify(value)}: ${JSON.stringify(status)}`,
              );
          }
          return status as ApplicationStatus;
        },
        { timeout: 8000, interval: 5 },
      ),
    eventually: (check, stepMs = 20) =>
      vi.waitFor(
        () => {
          clock.advance(stepMs);
          check();
        },
        { timeout: 8000, interval: 5 },
      ),
    writes: () =>
      api.calls.filter(({ verb, identity, dryRun }) => writing.has(verb) && identity.as !== 'self' && !dryRun),
    async restart({ cleanly = true } = {}) {
      const last = running.at(-1);
      if (cleanly) await last?.crew.stop();
      last?.abort.abort();
      await begin();
    },
    async stop() {
      for (const { abort } of running) abort.abort();
      await running.at(-1)?.crew.stop();
    },
  };
  await begin();
  return rig;
}

interface Running {
  readonly crew: Crew;
  readonly state: AgentState;
  readonly abort: AbortController;
  readonly status: () => ApplicationStatus[];
}

let holders = 0;

async function assemble(rig: Rig): Promise<Running> {
  const { api: cluster, clock } = rig;
  const abort = new AbortController();
  holders += 1;
  const state = await openAgentState({ cluster, namespace: agentNamespace, holder: String(holders), log: silentLog });
  const reporter = createReporter(clock);
  const watchers: { is?: Watchers } = {};
  const ground: Ground = {
    cluster,
    clock,
    log: silentLog,
    pace: createPace(clock),
    state,
    watchers: () => watchers.is as Watchers,
    namespace: agentNamespace,
    policy: () => rig.policy,
    installed: new Set(['rbac.authorization.k8s.io/ClusterRole//fairlead-agent']),
  };
  const account = { as: 'serviceAccount', namespace: agentNamespace, name: applier } as const;
  const namespaces = createNamespaces({ cluster, applier: account });
  const crew = createCrew({
    ground,
    namespaces,
    reporter,
    random: () => 0.5,
    drifted: (item) => void rig.drifts.push(item),
  });
  watchers.is = createWatchers({ cluster, listener: crew.listener, log: silentLog, signal: abort.signal });
  await crew.open();
  return { crew, state, abort, status: () => reporter.all() };
}

function desiredOf({ applications = {}, tombstones = [] }: TestDesired, generation: number) {
  const texts = new Map<Digest, string>();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const entries = Object.entries(applications).map(([name, { entry, ...parts }]): DesiredEntry => {
    const application = name as ApplicationId;
    const bundle = buildBundle({
      application,
      namespace: 'shop',
      serviceAccount: 'fairlead-web',
      ignore: [],
      health: [],
      ...parts,
      sync: { prune: true, drift: 'Correct', conflicts: 'Override', adopt: 'Release', ...parts.sync },
    });
    texts.set(bundle.digest, text(bundle.indexBytes));
    for (const [blob, bytes] of bundle.blobs) texts.set(blob, text(bytes));
    return {
      application,
      environment: 'dev',
      release: digest,
      version: '1',
      bundle: bundle.digest,
      attempt: commit,
      team: { namespaces: [], allowKinds: [], denyKinds: [] },
      acknowledged: {},
      ...entry,
    };
  });
  const state = { entries, tombstones: tombstones.map((one) => ({ commit, acknowledged: {}, ...one })) };
  const signed = { bytes: new Uint8Array(), signature: new Uint8Array(), keyId: 'k' };
  return { texts, accepted: { ...state, signed, position: { epoch: 1, generation }, root: desiredRoot(state) } };
}

/** A ConfigMap. */
export function configMap(
  name: string,
  data: Record<string, string> = { a: '1' },
  metadata: Partial<KubeObject['metadata']> = {},
): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

/** A Deployment. */
export function deployment(
  name: string,
  spec: Record<string, unknown> = { replicas: 2 },
  metadata: Partial<KubeObject['metadata']> = {},
): KubeObject {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example/web:1' }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, ...metadata },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  };
}

/** A key in the namespace `shop`, unless another is given. */
export function key(kind: string, name: string, options: { group?: string; namespace?: string } = {}): ObjectKey {
  return { group: options.group ?? '', kind, namespace: options.namespace ?? 'shop', name };
}
