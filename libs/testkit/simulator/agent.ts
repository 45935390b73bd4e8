import type { AgentMessage, ApplicationStatus, ClusterName, HubMessage, SignedHead } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { HubLink } from '@fairlead/ports/transport';
import { createIntake, createReporter, runSession, silentLog, type AgentLog } from '@fairlead/shell/agent';
import { FakeCluster } from './cluster.ts';
import type { Behaviour } from './behaviour.ts';
import type { BlobCache } from './blobs.ts';
import { watchedLink } from './link.ts';
import { draws } from './random.ts';
import { MemoryState } from './state.ts';
import type { Counter } from './tally.ts';

/** What a logical agent is made of. */
export interface LogicalAgentOptions {
  readonly cluster: ClusterName;
  readonly behaviour: Behaviour;
  readonly blobs: BlobCache;
  readonly counter: Counter;
  readonly clock: Clock;
  readonly link: HubLink;
  readonly verify: (head: SignedHead) => boolean;
  readonly log?: AgentLog;
}

/** An agent without a process and a cluster of its own. */
export interface LogicalAgent {
  /** Breaks its stream off; it comes back as an agent does. */
  drop(): void;
  stop(): Promise<void>;
}

const version = 'v1.36.0';

/**
 * Starts an agent made of the parts of the real one (session, intake, reporter), with a pretended cluster behind them.
 * Milestones: `connected`; `verified`, when the hub's settings name the status that the agent has, or else when the whole
 * status was sent to it; `Applying:ATTEMPT`, each time that it begins to apply; `InSync:ATTEMPT` and `Healthy:ATTEMPT`, when
 * the status that says so was sent.
 */
export function startLogicalAgent(options: LogicalAgentOptions): LogicalAgent {
  const { cluster, behaviour, blobs, counter, clock } = options;
  const stopped = new AbortController();
  const log = options.log ?? silentLog;
  const random = draws(behaviour.seed, cluster);
  const state = new MemoryState(blobs);
  const states = new Map<string, string>();
  const reporter = createReporter(clock, {
    changed(application, status) {
      const now = status && (status.sync === 'InSync' ? status.health : status.sync);
      counter.moved(states.get(application), now);
      if (status?.sync === 'Applying') counter.mark(`Applying:${status.attempt}`);
      if (now === undefined) states.delete(application);
      else states.set(application, now);
    },
  });
  const fake = new FakeCluster({ name: cluster, behaviour, blobs, reporter, clock });
  const intake = createIntake({
    cluster,
    state,
    clock,
    log,
    verify: options.verify,
    accepted: (accepted, traceparent) => fake.accept(accepted, traceparent),
  });
  let isVerified = false;
  const verified = (is: boolean): void => {
    if (is === isVerified) return;
    isVerified = is;
    counter.verified += is ? 1 : -1;
    if (is) counter.mark('verified');
  };
  const heard = (message: HubMessage): void => {
    if (message.type === 'Settings' && message.statusDigest === reporter.digest()) verified(true);
  };
  const marked = marking(counter);
  const said = (message: AgentMessage): void => {
    if (message.type === 'StatusDelta' && message.full) verified(true);
    marked(message);
  };
  const watched = watchedLink(options.link, { cluster, behaviour, clock, counter, heard, said });
  let drop = (): void => undefined;
  const link: HubLink = {
    async connect(handler, signal) {
      const connection = await watched.connect(handler, signal);
      drop = () => connection.close();
      return connection;
    },
  };
  let isConnected = false;
  counter.agents += 1;
  const running = runSession({
    link: () => link,
    facts: () => ({ agentVersion: '0.0.0', kubernetesVersion: version, capabilities: [] }),
    accepted: () => state.accepted,
    intake,
    reporter,
    answers: { plan: notAnswered, query: notAnswered },
    clock,
    random,
    log,
    signal: stopped.signal,
    connected(is) {
      if (is !== isConnected) counter.connected += is ? 1 : -1;
      isConnected = is;
      if (is) counter.mark('connected');
      else verified(false);
    },
  });
  const stopTrouble = trouble(options, { random, drift: () => fake.drift(), drop: () => drop() });
  return {
    drop: () => drop(),
    async stop() {
      stopTrouble();
      fake.stop();
      stopped.abort();
      await running;
      counter.agents -= 1;
    },
  };
}

function notAnswered(): Promise<string> {
  return Promise.reject(new Error('Cannot answer: a simulated agent has no capability for questions'));
}

/** Marks what a sent status says of each attempt, the first time that it says so. */
function marking(counter: Counter): (message: AgentMessage) => void {
  const marked = new Map<string, string>();
  const mark = (state: 'InSync' | 'Healthy', { application, attempt }: ApplicationStatus): void => {
    if (marked.get(`${state} ${application}`) === attempt) return;
    marked.set(`${state} ${application}`, attempt);
    counter.mark(`${state}:${attempt}`);
  };
  return (message) => {
    if (message.type !== 'StatusDelta') return;
    for (const status of message.changed) {
      if (status.sync !== 'InSync') continue;
      mark('InSync', status);
      if (status.health === 'Healthy') mark('Healthy', status);
    }
  };
}

/** Drift and broken streams, with pauses around the mean that the behaviour names. */
function trouble(
  { behaviour, clock }: LogicalAgentOptions,
  by: { readonly random: () => number; readonly drift: () => void; readonly drop: () => void },
): () => void {
  const cancels = new Map<string, () => void>();
  const repeat = (name: string, { perMinute, act }: { perMinute: number; act: () => void }): void => {
    if (perMinute <= 0) return;
    // Exponential pauses: independent events at this rate.
    const waitMs = (-Math.log(1 - by.random()) * 60_000) / perMinute;
    const cancel = clock.after(waitMs, () => {
      act();
      repeat(name, { perMinute, act });
    });
    cancels.set(name, cancel);
  };
  repeat('drift', { perMinute: behaviour.driftPerMinute, act: by.drift });
  repeat('drop', { perMinute: behaviour.dropsPerMinute, act: by.drop });
  return () => {
    for (const cancel of cancels.values()) cancel();
  };
}
