import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grpcListener } from '@fairlead/adapters/grpc';
import { openKeys, type HubKeys } from '@fairlead/adapters/pki';
import { buildBundle, desiredRoot, headBytes } from '@fairlead/core/bundle';
import type {
  AgentMessage,
  ApplicationId,
  ApplicationStatus,
  ClusterName,
  CommitSha,
  DesiredEntry,
  Digest,
  KubeObject,
  Tombstone,
} from '@fairlead/core/model';
import { systemClock } from '@fairlead/ports/clock';
import type { AgentChannel } from '@fairlead/ports/transport';
import { createEndings } from '@fairlead/testkit/process';
import { startScriptedServer, type ScriptedServer } from '@fairlead/testkit/scripted';
import { preciseNow } from '@fairlead/testkit/simulator';
import { enrollment } from '@fairlead/wire';

/** What an application is to run; undefined: it leaves. */
export type Given = { readonly namespace: string; readonly objects: readonly KubeObject[] } | undefined;

/** The word of an agent on an application; undefined once it has left. */
export type Word = ApplicationStatus | undefined;

/**
 * A hub of one agent that gives what it is told to: enrolment over HTTPS, the stream over gRPC, heads signed. Planner,
 * store and git are what is not measured.
 */
export interface EngineHub {
  /** `HOST:PORT`. */
  readonly address: string;
  readonly caPem: string;
  readonly token: string;
  /** Sets what these applications run, leaves others as they are, and says when (ms since 1970) it was sent. */
  give(applications: Readonly<Record<string, Given>>): Promise<number>;
  /** Resolves when the agent's stream stands. */
  untilConnected(): Promise<void>;
  /** Resolves when the agent says that it runs what was given (or that the application has left). */
  untilDone(application: string): Promise<void>;
  stop(): Promise<void>;
}

const host = '127.0.0.1';
const commit = '1'.repeat(40) as CommitSha;
const release = `sha256:${'2'.repeat(64)}` as Digest;
/** Blobs in one message: 2 KB each stay far below what a message may have. */
const blobsAtATime = 500;
const patienceMs = 300_000;

/** Starts it on free ports, for the agent of this cluster. */
export async function startEngineHub(cluster: ClusterName): Promise<EngineHub> {
  const endings = createEndings();
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-engine-'));
  endings.add(() => rm(folder, { recursive: true, force: true }));
  const keys = await openKeys(folder, { names: [host], now: () => Date.now() });
  const state = new DesiredState(cluster, keys);
  const listener = grpcListener({
    host,
    port: 0,
    caPem: keys.caPem,
    server: () => keys.server(),
    ticketSecret: keys.ticketSecret,
    clock: systemClock,
    onError: (error) => void process.stderr.write(`${String(error)}\n`),
  });
  const { address } = await listener.listen(async (channel) => state.take(channel));
  endings.add(() => listener.close());
  const server = await serveEnrolment(keys, { cluster, gatewayAddress: address });
  endings.add(() => server.close());
  return {
    address: new URL(server.url).host,
    caPem: keys.caPem,
    token: 'any',
    untilConnected: () => state.connected.promise,
    give: (applications) => state.give(applications),
    untilDone: (application) => state.untilDone(application as ApplicationId),
    stop: endings.stop,
  };
}

async function serveEnrolment(
  keys: HubKeys,
  by: { readonly cluster: ClusterName; readonly gatewayAddress: string },
): Promise<ScriptedServer> {
  const { certificatePem: certPem, keyPem } = await keys.server();
  return startScriptedServer(
    ({ body }, response) => {
      const { csrPem } = enrollment.readEnrollRequest(JSON.parse(body));
      void keys.issueClient(csrPem, by.cluster).then(({ certificatePem, notAfterMs }) => {
        const { caPem, verifyingKeys } = keys;
        const credentials = { certificatePem, notAfterMs, caPem, verifyingKeys, gatewayAddress: by.gatewayAddress };
        response.end(JSON.stringify(enrollment.writeEnrollResponse({ cluster: by.cluster, credentials })));
      });
    },
    { tls: { certPem, keyPem } },
  );
}

/** What the agent was given, and what it says of it. */
class DesiredState {
  readonly connected = Promise.withResolvers<void>();
  readonly #cluster: ClusterName;
  readonly #keys: HubKeys;
  readonly #entries = new Map<ApplicationId, DesiredEntry>();
  readonly #tombstones = new Map<ApplicationId, Tombstone>();
  readonly #texts = new Map<Digest, Uint8Array>();
  readonly #words = new Map<ApplicationId, ApplicationStatus>();
  readonly #listeners = new Set<() => void>();
  #generation = 0;
  #channel: AgentChannel | undefined;

  constructor(cluster: ClusterName, keys: HubKeys) {
    this.#cluster = cluster;
    this.#keys = keys;
  }

  async give(applications: Readonly<Record<string, Given>>): Promise<number> {
    for (const [name, given] of Object.entries(applications)) this.#set(name as ApplicationId, given);
    this.#generation += 1;
    const sentMs = preciseNow();
    await this.#sendDesired();
    return sentMs;
  }

  untilDone(application: ApplicationId): Promise<void> {
    const wanted = this.#entries.get(application)?.bundle;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#listeners.delete(look);
        reject(
          new Error(`Waited ${patienceMs} ms for ${application}: ${JSON.stringify(this.#words.get(application))}`),
        );
      }, patienceMs);
      const look = (): void => {
        const word = this.#words.get(application);
        if (wanted === undefined ? word !== undefined : word?.bundle !== wanted || word.sync !== 'InSync') return;
        clearTimeout(late);
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** One stream at a time: the agent's newest. */
  async take(channel: AgentChannel): Promise<{ message(message: AgentMessage): Promise<void>; closed(): void }> {
    this.#channel = channel;
    return { message: (message) => this.#hear(message, channel), closed: () => undefined };
  }

  #set(application: ApplicationId, given: Given): void {
    if (!given) {
      this.#entries.delete(application);
      this.#tombstones.set(application, { application, commit, acknowledged: {} });
      return;
    }
    const bundle = buildBundle({
      application,
      namespace: given.namespace,
      serviceAccount: 'fairlead-applier',
      sync: { prune: true, drift: 'Correct', conflicts: 'Override', adopt: 'Release' },
      ignore: [],
      health: [],
      objects: given.objects,
    });
    this.#texts.set(bundle.digest, bundle.indexBytes);
    for (const [digest, bytes] of bundle.blobs) this.#texts.set(digest, bytes);
    this.#tombstones.delete(application);
    this.#entries.set(application, {
      application,
      environment: 'bench',
      release,
      version: String(this.#generation),
      bundle: bundle.digest,
      attempt: commit,
      team: { namespaces: [], allowKinds: [], denyKinds: [] },
      acknowledged: {},
    });
  }

  async #hear(message: AgentMessage, channel: AgentChannel): Promise<void> {
    if (message.type === 'Hello') {
      await channel.send({ type: 'Settings', session: 1, heartbeatMs: 0 });
      if (this.#generation > 0) await this.#sendDesired();
      this.connected.resolve();
    } else if (message.type === 'Want') {
      // Not awaited: while it is, nothing more is read of this agent.
      void this.#sendObjects(message.digests, channel);
    } else if (message.type === 'StatusDelta') {
      for (const status of message.changed) this.#words.set(status.application, status);
      for (const gone of message.removed) this.#words.delete(gone as ApplicationId);
      for (const look of this.#listeners) look();
    }
  }

  async #sendDesired(): Promise<void> {
    const entries = [...this.#entries.values()];
    const tombstones = [...this.#tombstones.values()];
    const position = { epoch: 1, generation: this.#generation };
    const bytes = headBytes({ cluster: this.#cluster, position, root: desiredRoot({ entries, tombstones }) });
    const head = this.#keys.signHead(bytes);
    await this.#channel?.send({ type: 'Desired', head, entries, tombstones, removed: [] });
  }

  async #sendObjects(digests: readonly Digest[], channel: AgentChannel): Promise<void> {
    for (let at = 0; at < digests.length; at += blobsAtATime) {
      const blobs = digests.slice(at, at + blobsAtATime).flatMap((digest) => partsOf(digest, this.#texts.get(digest)));
      await channel.send({ type: 'Objects', blobs, missing: [] });
    }
  }
}

const partBytes = 256 * 1024;

function partsOf(digest: Digest, text: Uint8Array = new Uint8Array()) {
  const parts = Math.max(1, Math.ceil(text.length / partBytes));
  return Array.from({ length: parts }, (_, part) => ({
    digest,
    part,
    parts,
    data: text.subarray(part * partBytes, (part + 1) * partBytes),
  }));
}
