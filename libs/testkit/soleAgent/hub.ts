import { buildBundle, desiredRoot, headBytes, type BundleParts } from '@fairlead/core/bundle';
import {
  errorOf,
  parseProblem,
  type AgentMessage,
  type ApplicationId,
  type ApplicationStatus,
  type ClusterName,
  type CommitSha,
  type DesiredEntry,
  type Digest,
  type DriftItem,
  type HubMessage,
  type MessageOf,
  type Tombstone,
} from '@fairlead/core/model';
import type { HubLink } from '@fairlead/ports/transport';

/** An application as a test writes it; what it leaves out is the default. */
export interface SoleApplication extends Partial<Omit<BundleParts, 'application' | 'sync'>> {
  readonly objects: BundleParts['objects'];
  readonly sync?: Partial<BundleParts['sync']>;
  readonly entry?: Partial<DesiredEntry>;
}

/** What the one cluster of the hub is to run. */
export interface SoleDesired {
  readonly applications?: Readonly<Record<string, SoleApplication>>;
  readonly tombstones?: readonly (Pick<Tombstone, 'application'> & Partial<Tombstone>)[];
}

/** A hub of one function for one agent: it gives what it is told to give, and keeps what it hears. */
export interface SoleHub {
  readonly link: HubLink;
  readonly statuses: ReadonlyMap<string, ApplicationStatus>;
  readonly drifts: readonly DriftItem[];
  /** Whatever the agent tells it from now on. */
  onMessage(listener: (message: AgentMessage) => void): void;
  want(desired: SoleDesired): Promise<void>;
  /** Asks for a look into the cluster; resolves to the agent's JSON as text, and throws its error. */
  query(query: Omit<MessageOf<HubMessage, 'Query'>, 'type' | 'id'>): Promise<string>;
  /** Asks for a dry run of what the application might become. */
  plan(application: ApplicationId, parts: SoleApplication): Promise<string>;
  /** Nobody can connect from now on. */
  down(): void;
}

const commit = '1'.repeat(40) as CommitSha;
const release = `sha256:${'2'.repeat(64)}` as Digest;
/** Positions of all hubs of a process follow each other, as those of one hub would. */
let generation = 0;

/** Makes a hub for the cluster. */
export function soleHub(cluster: ClusterName): SoleHub {
  return new TalkingHub(cluster);
}

class TalkingHub implements SoleHub {
  readonly statuses = new Map<string, ApplicationStatus>();
  readonly drifts: DriftItem[] = [];
  readonly link: HubLink = { connect: (handler) => this.#connect(handler) };
  readonly #cluster: ClusterName;
  readonly #texts = new Map<Digest, Uint8Array>();
  readonly #listeners: ((message: AgentMessage) => void)[] = [];
  readonly #asked = new Map<string, PromiseWithResolvers<string>>();
  #desired: HubMessage | undefined;
  #deliver: ((message: HubMessage) => Promise<void>) | undefined;
  #isUp = true;

  constructor(cluster: ClusterName) {
    this.#cluster = cluster;
  }

  onMessage(listener: (message: AgentMessage) => void): void {
    this.#listeners.push(listener);
  }

  down(): void {
    this.#isUp = false;
  }

  async want({ applications = {}, tombstones = [] }: SoleDesired): Promise<void> {
    generation += 1;
    const position = { epoch: 1, generation };
    const state = {
      entries: Object.entries(applications).map(([name, parts]) => this.#entryOf(name as ApplicationId, parts)),
      tombstones: tombstones.map((one) => ({ commit, acknowledged: {}, ...one })),
    };
    const bytes = headBytes({ cluster: this.#cluster, position, root: desiredRoot(state) });
    this.#desired = {
      type: 'Desired',
      head: { bytes, signature: new Uint8Array(), keyId: 'k' },
      ...state,
      removed: [],
    };
    await this.#deliver?.(this.#desired);
  }

  query(query: Omit<MessageOf<HubMessage, 'Query'>, 'type' | 'id'>): Promise<string> {
    return this.#ask((id) => ({ type: 'Query', id, ...query }));
  }

  plan(application: ApplicationId, parts: SoleApplication): Promise<string> {
    const { bundle } = this.#entryOf(application, parts);
    return this.#ask((id) => ({ type: 'PlanRequest', id, application, bundle }));
  }

  async #ask(message: (id: string) => HubMessage): Promise<string> {
    const id = String(this.#asked.size + 1);
    const answer = Promise.withResolvers<string>();
    this.#asked.set(id, answer);
    if (!this.#deliver) throw new Error('no agent has connected');
    await this.#deliver(message(id));
    return answer.promise;
  }

  #entryOf(application: ApplicationId, { entry, ...parts }: SoleApplication): DesiredEntry {
    const bundle = buildBundle({
      application,
      namespace: 'shop',
      serviceAccount: 'fairlead-applier',
      ignore: [],
      health: [],
      ...parts,
      sync: { prune: true, drift: 'Correct', conflicts: 'Override', adopt: 'Release', ...parts.sync },
    });
    this.#texts.set(bundle.digest, bundle.indexBytes);
    for (const [digest, bytes] of bundle.blobs) this.#texts.set(digest, bytes);
    return {
      application,
      environment: 'dev',
      release,
      version: '1',
      bundle: bundle.digest,
      attempt: commit,
      team: { namespaces: [], allowKinds: [], denyKinds: [] },
      acknowledged: {},
      ...entry,
    };
  }

  async #connect(handler: (message: HubMessage) => Promise<void>): ReturnType<HubLink['connect']> {
    if (!this.#isUp) throw new Error('the hub is down');
    this.#deliver = handler;
    const closed = Promise.withResolvers<string>();
    return {
      send: (message) => Promise.resolve(void this.#hear(message)),
      closed: closed.promise,
      close: () => closed.resolve('closed'),
    };
  }

  async #hear(message: AgentMessage): Promise<void> {
    for (const listener of this.#listeners) listener(message);
    if (message.type === 'Hello') {
      await this.#deliver?.({ type: 'Settings', session: 1, heartbeatMs: 0 });
      if (this.#desired) await this.#deliver?.(this.#desired);
    } else if (message.type === 'Want') {
      const blobs = message.digests.map((digest) => {
        return { digest, part: 0, parts: 1, data: this.#texts.get(digest) ?? new Uint8Array() };
      });
      await this.#deliver?.({ type: 'Objects', blobs, missing: [] });
    } else if (message.type === 'StatusDelta') {
      for (const status of message.changed) this.statuses.set(status.application, status);
      for (const gone of message.removed) this.statuses.delete(gone);
    } else if (message.type === 'DriftReport') this.drifts.push(...message.items);
    else if (message.type === 'QueryResult' || message.type === 'PlanResult') {
      const asked = this.#asked.get(message.id);
      if (message.error === undefined) asked?.resolve(message.resultJson);
      else asked?.reject(errorOf(parseProblem(message.resultJson, message.error)));
    }
  }
}
