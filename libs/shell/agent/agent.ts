import {
  asFairleadError,
  keyText,
  type ApplicationStatus,
  type ClusterName,
  type FairleadError,
  type ObjectKey,
  type SignedHead,
  type VerifyingKey,
} from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { ClusterApi } from '@fairlead/ports/cluster';
import type { HubLink } from '@fairlead/ports/transport';
import { answerable, createAnswers } from './answers/answers.ts';
import type { Desk } from './answers/desk.ts';
import { createCrew, type Crew } from './crew.ts';
import { fullJitterMs } from './hub/backoff.ts';
import type { AgentIdentity, HubCalls, NatsUser, Pki } from './hub/calls.ts';
import { keepRenewed, signIn, type IdentityOptions } from './hub/identity.ts';
import { createDeliveries } from './inside/deliveries.ts';
import { createNarrator } from './inside/events.ts';
import { createIntake } from './hub/intake.ts';
import { createReporter, type Reporter } from './hub/reporter.ts';
import { pause } from './hub/pause.ts';
import { runSession } from './hub/session.ts';
import type { AgentLog } from './log.ts';
import type { Ground } from './loop/ground.ts';
import { createNamespaces } from './namespaces.ts';
import { createPace } from './pace.ts';
import { followPolicy, readPolicy, type OwnerPolicy } from './policy.ts';
import { openAgentState, type AgentState } from './state/agentState.ts';
import { createWatchers, type Watchers } from './watch/watchers.ts';

/** Everything that an agent needs from outside. */
export interface AgentOptions {
  readonly name: ClusterName;
  /** The agent's own namespace: its Secrets, its policy, the service accounts that it impersonates. */
  readonly namespace: string;
  readonly version: string;
  readonly cluster: ClusterApi;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  /** Names this process among all that may run as this agent. */
  readonly holder: string;
  readonly calls: HubCalls;
  readonly pki: Pki;
  /** There where the agent streams over NATS: the user of a seed, or a new one. */
  readonly natsUser?: (seed: string | undefined) => Promise<NatsUser>;
  /** The join token, read anew for each try; undefined where there is none. */
  readonly token: () => Promise<string | undefined>;
  readonly link: (identity: AgentIdentity) => HubLink;
  /** True if one of the keys signed the head. */
  readonly verify: (head: SignedHead, keys: readonly VerifyingKey[]) => boolean | Promise<boolean>;
  /** What the install manifest brings: no application may touch it. */
  readonly installed: readonly ObjectKey[];
}

/** A running agent. */
export interface Agent {
  readonly connected: boolean;
  status(): ApplicationStatus[];
  /** Ends after the calls under way; what was done is written. */
  stop(): Promise<void>;
  /** Rejects when the agent cannot go on: another one runs in its place. */
  readonly failed: Promise<never>;
}

/** A state in the cluster that cannot be read yet is tried again within these pauses. */
const pauses = { firstMs: 500, mostMs: 15_000 };

/**
 * Starts an agent from what lies in its cluster: loops first, the hub when it answers. Rejects only when it is stopped
 * before the API server has answered.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const ended = new AbortController();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  const started = await untilReadable(options, ended.signal, (error) => failure.reject(error));
  const { crew, state, reporter } = started;
  let connected = false;
  const working = [
    followPolicy({ ...options, signal: ended.signal }, started.policyChanged),
    speak(options, { ...started, signal: ended.signal, connected: (is) => (connected = is) }),
  ].map((work) =>
    work.catch((thrown: unknown) => {
      if (!ended.signal.aborted) options.log.error('agent.part.ended', { error: asFairleadError(thrown).message });
    }),
  );
  if (state.accepted) await crew.accept(state.accepted);
  options.log.info('agent.started', {
    cluster: options.name,
    version: options.version,
    position: state.accepted?.position,
  });
  return {
    get connected() {
      return connected;
    },
    status: () => reporter.all(),
    failed: failure.promise,
    async stop() {
      ended.abort();
      started.quiet();
      await crew.stop();
      await Promise.all(working);
    },
  };
}

interface Started {
  readonly crew: Crew;
  /** What questions of the hub are answered from. */
  readonly desk: Desk;
  readonly state: AgentState;
  readonly reporter: Reporter;
  readonly kubernetesVersion: string;
  readonly policyChanged: (policy: OwnerPolicy) => void;
  /** Tells nothing more inside the cluster. */
  readonly quiet: () => void;
}

async function untilReadable(
  options: AgentOptions,
  signal: AbortSignal,
  superseded: (error: FairleadError) => void,
): Promise<Started> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await prepare(options, signal, superseded);
    } catch (thrown) {
      const error = asFairleadError(thrown);
      options.log.error('agent.start.failed', { reason: error.reason, error: error.message });
      if (error.retry === 'never') throw error;
      await pause(options.clock, fullJitterMs(tries, { ...pauses, random: options.random }), signal);
    }
  }
}

async function prepare(
  options: AgentOptions,
  signal: AbortSignal,
  superseded: (error: FairleadError) => void,
): Promise<Started> {
  const { cluster, clock, log, namespace, random } = options;
  let policy = await readPolicy(options);
  const kubernetesVersion = await cluster.version();
  const state = await openAgentState({ cluster, namespace, holder: options.holder, log, superseded });
  const versionOf = (application: string): string =>
    state.accepted?.entries.find((entry) => entry.application === application)?.version ?? '';
  const deliveries = createDeliveries({ cluster, namespace, clock, log, versionOf });
  const reporter = createReporter(clock, { changed: deliveries.show });
  const uidOf = (key: ObjectKey): string | undefined => watchers.sighting(key)?.uid;
  const narrator = createNarrator({ cluster, clock, log, instance: options.name, uidOf });
  const ground: Ground = {
    cluster,
    clock,
    log,
    pace: createPace(clock),
    state,
    watchers: () => watchers,
    namespace,
    policy: () => policy,
    installed: new Set(options.installed.map(keyText)),
  };
  const crew = createCrew({
    ground,
    namespaces: createNamespaces(ground),
    reporter,
    random,
    narrator,
  });
  const watchers: Watchers = createWatchers({
    cluster,
    clock,
    listener: crew.listener,
    log,
    signal,
    // What this process remembers is of a cluster that is no more: the one that follows reads what there is.
    setBack: superseded,
  });
  await crew.open();
  await deliveries.tidy([
    ...(state.accepted?.entries ?? []).map(({ application }) => application),
    ...state.applications(),
  ]);
  const policyChanged = (next: OwnerPolicy): void => {
    policy = next;
    log.info('policy.changed', {});
    crew.wake();
  };
  const quiet = (): void => {
    deliveries.stop();
    narrator.stop();
  };
  return { crew, desk: { ground, crew }, state, reporter, kubernetesVersion, policyChanged, quiet };
}

/** Signs in, then keeps certificate and stream; the loops go on whatever becomes of it. */
async function speak(
  options: AgentOptions,
  by: Started & { signal: AbortSignal; connected: (is: boolean) => void },
): Promise<void> {
  const { clock, random, log } = options;
  const { signal, state, crew, reporter } = by;
  const identityOptions: IdentityOptions = { ...options, signal };
  let identity = await signIn(identityOptions);
  const intake = createIntake({
    cluster: options.name,
    state,
    clock,
    log,
    verify: (head) => options.verify(head, identity.credentials.verifyingKeys),
    accepted: (accepted, traceparent) => void crew.accept(accepted, traceparent),
    unwritten: (next, error) => crew.unwritten(next, error),
  });
  const renewing = keepRenewed(identityOptions, { identity, renewed: (next) => (identity = next) });
  await runSession({
    link: () => options.link(identity),
    facts: () => ({
      agentVersion: options.version,
      kubernetesVersion: by.kubernetesVersion,
      capabilities: answerable,
    }),
    accepted: () => state.accepted,
    intake,
    reporter,
    answers: createAnswers(by.desk),
    clock,
    random,
    log,
    signal,
    connected: by.connected,
  });
  await renewing;
}
