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
import {
  fakeCluster,
  type ClusterApi,
  type FakeCall,
  type FakeCluster,
  type FakeClusterOptions,
} from '@fairlead/ports/cluster';
import { onTestFinished } from 'vitest';
import { createCrew, type Crew } from '../crew.ts';
import { createReporter } from '../hub/reporter.ts';
import { silentLog } from '../log.ts';
import type { Ground } from '../loop/ground.ts';
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
  readonly crew: Crew;
  readonly state: AgentState;
  readonly ground: Ground;
  policy: OwnerPolicy;
  /** Accepts a desired state. */
  want(desired: TestDesired): Promise<void>;
  status(application: string): ApplicationStatus | undefined;
  /** Waits, moving the clock on a little each time, until the application's status has these fields. */
  until(application: string, fields: Partial<ApplicationStatus>): Promise<ApplicationStatus>;
  /** Waits, moving the clock on by `stepMs` each time, until the check passes. */
  eventually(check: () => void, stepMs?: number): Promise<void>;
  /** Waits until the agent has been silent for a while. */
  quiet(): Promise<void>;
  /** Writes to what is managed: everything but the agent's own Secrets, which go by its own rights. */
  writes(): FakeCall[];
  /** Kills the agent after so many more calls: none of its calls arrives from then on. Resolves when it is dead, or has nothing to do. */
  killAfter(calls: number): Promise<void>;
  /** Ends the loops, as a kill does if `cleanly` is false, and begins anew from what lies in the cluster. */
  restart(options?: { cleanly?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** Everything of the agent's own lies here. */
export const agentNamespace = 'fairlead';
const commit = '1'.repeat(40) as CommitSha;
const digest = `sha256:${'2'.repeat(64)}` as Digest;
const writing = new Set(['apply', 'create', 'replace', 'patch', 'delete']);

/** Begins an agent's loops on an empty cluster; the test that asked for it stops them when it ends. */
export async function rigUp(options: FakeClusterOptions = {}): Promise<Rig> {
  const clock = manualClock(Date.UTC(2026, 10, 1));
  const api = fakeCluster({ now: () => clock.now(), ...options });
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: agentNamespace } };
  await api.create(namespace, { identity: { as: 'self' } });
  const rig = new TestRig(api, clock);
  await rig.begin();
  onTestFinished(() => rig.stop());
  return rig;
}

/** So many turns of the event loop a test waits at most. */
const mostTurns = 20_000;

class TestRig implements Rig {
  readonly api: FakeCluster;
  readonly clock: ManualClock;
  readonly drifts: DriftItem[] = [];
  policy: OwnerPolicy = defaultPolicy;
  readonly #running: Running[] = [];
  #generation = 0;

  constructor(api: FakeCluster, clock: ManualClock) {
    this.api = api;
    this.clock = clock;
  }

  get crew(): Crew {
    return this.#last.crew;
  }

  get state(): AgentState {
    return this.#last.state;
  }

  get ground(): Ground {
    return this.#last.ground;
  }

  get #last(): Running {
    const last = this.#running.at(-1);
    if (!last) throw new Error('no agent has begun');
    return last;
  }

  async begin(): Promise<void> {
    this.#running.push(await assemble(this));
    if (this.state.accepted) await this.crew.accept(this.state.accepted);
  }

  async want(desired: TestDesired): Promise<void> {
    this.#generation += 1;
    const { accepted, texts } = desiredOf(desired, this.#generation);
    await this.state.accept(accepted, texts);
    await this.crew.accept(accepted);
  }

  status(application: string): ApplicationStatus | undefined {
    return this.#last.status().find((one) => one.application === application);
  }

  async until(application: string, fields: Partial<ApplicationStatus>): Promise<ApplicationStatus> {
    await this.eventually(() => {
      const status = this.status(application);
      for (const [field, value] of Object.entries(fields)) {
        const found = status?.[field as keyof ApplicationStatus];
        if (found !== value) throw new Error(`${field} is not ${JSON.stringify(value)}: ${JSON.stringify(status)}`);
      }
    });
    return this.status(application) as ApplicationStatus;
  }

  async eventually(check: () => void, stepMs = 20): Promise<void> {
    for (let turn = 1; ; turn += 1) {
      this.clock.advance(stepMs);
      await new Promise((resolve) => setImmediate(resolve));
      try {
        return check();
      } catch (error) {
        if (turn >= mostTurns) throw error;
      }
    }
  }

  async quiet(): Promise<void> {
    let seen = -1;
    let since = { realMs: 0, clockMs: 0 };
    await this.eventually(() => {
      const now = { realMs: Date.now(), clockMs: this.clock.now() };
      if (this.api.calls.length !== seen) since = now;
      seen = this.api.calls.length;
      // Compression runs beside the event loop, in real time; marks wait for a second of the clock.
      const isSilent = now.realMs - since.realMs >= 60 && now.clockMs - since.clockMs >= 2_000;
      if (!isSilent) throw new Error('the agent is not silent');
    }, 50);
  }

  writes(): FakeCall[] {
    return this.api.calls.filter(
      ({ verb, identity, dryRun }) => writing.has(verb) && identity.as !== 'self' && !dryRun,
    );
  }

  async killAfter(calls: number): Promise<void> {
    const { life } = this.#last;
    life.calls = calls;
    for (let idle = 0; idle < 30 && life.calls >= 0; idle += 1) await new Promise((resolve) => setImmediate(resolve));
    life.calls = -1;
  }

  async restart({ cleanly = true }: { cleanly?: boolean } = {}): Promise<void> {
    const last = this.#last;
    if (cleanly) await last.crew.stop();
    last.abort.abort();
    await this.begin();
  }

  async stop(): Promise<void> {
    for (const { abort } of this.#running) abort.abort();
    await this.#last.crew.stop();
  }
}

interface Running {
  /** Calls that it may still make. */
  readonly life: { calls: number };
  readonly crew: Crew;
  readonly state: AgentState;
  readonly ground: Ground;
  readonly abort: AbortController;
  readonly status: () => ApplicationStatus[];
}

let holders = 0;

async function assemble(rig: Rig): Promise<Running> {
  const { clock } = rig;
  const life = { calls: Number.POSITIVE_INFINITY };
  const cluster = mortal(rig.api, life);
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
  const namespaces = createNamespaces(ground);
  const crew = createCrew({
    ground,
    namespaces,
    reporter,
    random: () => 0.5,
    narrator: { drifted: (item) => void rig.drifts.push(item), failed: () => undefined },
  });
  watchers.is = createWatchers({ cluster, clock, listener: crew.listener, log: silentLog, signal: abort.signal });
  await crew.open();
  return { life, crew, state, ground, abort, status: () => reporter.all() };
}

/** The API server for one process, which may be killed. */
function mortal(api: ClusterApi, life: { calls: number }): ClusterApi {
  const calling = new Set<string | symbol>(['apply', 'get', 'list', 'create', 'replace', 'patch', 'delete']);
  return new Proxy(api, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (!calling.has(name) || typeof method !== 'function') return method;
      return async (...args: unknown[]): Promise<unknown> => {
        life.calls -= 1;
        if (life.calls < 0) throw new Error('the process is dead');
        const answer: unknown = await method.apply(target, args);
        if (life.calls < 0) throw new Error('the process died before the answer came');
        return answer;
      };
    },
  });
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
