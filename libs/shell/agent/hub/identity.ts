import { asFairleadError, FairleadError, type ClusterName, type KubeObject } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { ClusterApi } from '@fairlead/ports/cluster';
import type { AgentLog } from '../log.ts';
import { secretKind, self } from '../state/chunks.ts';
import { fullJitterMs } from './backoff.ts';
import { readIdentity, writeIdentity, type AgentIdentity, type HubCalls, type NatsUser, type Pki } from './calls.ts';
import { pause } from './pause.ts';

/** Options of {@link signIn} and {@link keepRenewed}. */
export interface IdentityOptions {
  readonly cluster: ClusterApi;
  readonly namespace: string;
  readonly name: ClusterName;
  readonly version: string;
  readonly calls: HubCalls;
  readonly pki: Pki;
  /**
   * There where the agent was installed to stream over NATS: the user of a seed, or a new one. An identity that lets no
   * NATS user in is renewed first then.
   */
  readonly natsUser?: (seed: string | undefined) => Promise<NatsUser>;
  /** Read anew for each try, so that a new token can be laid in place; undefined where there is none. */
  readonly token: () => Promise<string | undefined>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  readonly signal: AbortSignal;
}

/** Where the key and the certificate are kept. */
export const identitySecret = 'fairlead-identity';
const pauses = { firstMs: 1000, mostMs: 60_000 };
/** A certificate is renewed when this part of its life is over. */
const renewAfter = 2 / 3;

/**
 * The identity from the Secret, or a new one by the join token; tries until the hub answers or the signal ends it
 * (Aborted). An identity whose certificate ran out is renewed first, by possession of its key.
 */
export async function signIn(options: IdentityOptions): Promise<AgentIdentity> {
  const stored = await storedIdentity(options);
  if (stored && stored.cluster !== options.name) throw otherCluster(stored, options);
  const isWhole = options.natsUser === undefined || stored?.credentials.nats !== undefined;
  if (stored && isWhole && stored.credentials.notAfterMs > options.clock.now()) return stored;
  return untilAnswered(options, () => (stored ? renew(options, stored) : enroll(options)));
}

/** Renews the identity at two thirds of its life, for as long as the signal lets it; `renewed` hears of each. */
export async function keepRenewed(
  options: IdentityOptions,
  work: { identity: AgentIdentity; renewed: (identity: AgentIdentity) => void },
): Promise<void> {
  let { identity } = work;
  while (!options.signal.aborted) {
    const dueMs = identity.issuedAtMs + (identity.credentials.notAfterMs - identity.issuedAtMs) * renewAfter;
    await pause(options.clock, Math.max(0, dueMs - options.clock.now()), options.signal);
    if (options.signal.aborted) return;
    const current = identity;
    identity = await untilAnswered(options, () => renew(options, current));
    work.renewed(identity);
  }
}

async function untilAnswered(options: IdentityOptions, call: () => Promise<AgentIdentity>): Promise<AgentIdentity> {
  const { clock, random, log, signal } = options;
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (thrown) {
      const error = asFairleadError(thrown);
      if (signal.aborted) throw error;
      log.error('identity.refused', { reason: error.reason, error: error.message });
      await pause(clock, fullJitterMs(tries, { ...pauses, random }), signal);
      if (signal.aborted) throw error;
    }
  }
}

async function enroll(options: IdentityOptions): Promise<AgentIdentity> {
  const token = await options.token();
  if (!token) {
    throw new FairleadError(
      `Cannot enrol: the agent has neither an identity in the Secret ${options.namespace}/${identitySecret} nor a join token; run "fairlead cluster join ${options.name}" and apply what it prints`,
      { code: 'Unauthenticated', reason: 'CredentialsMissing', retry: 'backoff' },
    );
  }
  // The key is kept before the token is spent: a kill in between must not leave a member without its key.
  const privateKey = (await pendingKey(options)) ?? (await options.pki.newKey());
  await writeSecret(options, JSON.stringify({ privateKey }));
  const user = await options.natsUser?.(undefined);
  const { cluster, credentials } = await options.calls.enroll({
    token,
    ...(user && { natsUserKey: user.publicKey }),
    csrPem: await options.pki.csr(privateKey, options.name),
    kubernetesVersion: await options.cluster.version(),
    agentVersion: options.version,
  });
  const natsSeed = user && { natsSeed: user.seed };
  return keep(options, { cluster, privateKey, credentials, ...natsSeed, issuedAtMs: options.clock.now() });
}

async function renew(options: IdentityOptions, current: AgentIdentity): Promise<AgentIdentity> {
  const csrPem = await options.pki.csr(current.privateKey, options.name);
  const { natsSeed, ...lasting } = current;
  const user = await options.natsUser?.(natsSeed);
  const request = { cluster: options.name, csrPem, ...(user && { natsUserKey: user.publicKey }) };
  const { credentials } = await options.calls.renew(request, current);
  const verifyingKeys = options.pki.extendTrust(current.credentials.verifyingKeys, credentials.verifyingKeys);
  return keep(options, {
    ...lasting,
    credentials: { ...credentials, verifyingKeys },
    ...(user && { natsSeed: user.seed }),
    issuedAtMs: options.clock.now(),
  });
}

async function keep(options: IdentityOptions, identity: AgentIdentity): Promise<AgentIdentity> {
  if (identity.cluster !== options.name) throw otherCluster(identity, options);
  await writeSecret(options, writeIdentity(identity));
  const { cluster, credentials } = identity;
  options.log.info('identity.issued', {
    cluster,
    notAfterMs: credentials.notAfterMs,
    gateway: credentials.gatewayAddress,
  });
  return identity;
}

async function storedIdentity(options: IdentityOptions): Promise<AgentIdentity | undefined> {
  const text = await readSecret(options);
  return text === undefined ? undefined : readIdentity(text);
}

async function pendingKey(options: IdentityOptions): Promise<string | undefined> {
  const text = await readSecret(options);
  return text === undefined ? undefined : (JSON.parse(text) as { privateKey?: string }).privateKey;
}

async function readSecret({ cluster, namespace }: IdentityOptions): Promise<string | undefined> {
  const secret = await cluster.get(secretKind, { namespace, name: identitySecret });
  const data = secret?.['data'] as Readonly<Record<string, string>> | undefined;
  const text = data?.['identity'];
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString('utf8');
}

async function writeSecret({ cluster, namespace }: IdentityOptions, content: string): Promise<void> {
  const found = await cluster.get(secretKind, { namespace, name: identitySecret });
  const version = found?.metadata.resourceVersion;
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: identitySecret, namespace, ...(version === undefined ? {} : { resourceVersion: version }) },
    type: 'fairlead.dev/identity',
    data: { identity: Buffer.from(content).toString('base64') },
  };
  if (found) await cluster.replace(secret, { identity: self });
  else await cluster.create(secret, { identity: self });
}

function otherCluster(identity: { cluster: ClusterName }, options: IdentityOptions): FairleadError {
  return new FairleadError(
    `Cannot sign in: the identity in the Secret ${options.namespace}/${identitySecret} is of cluster ${identity.cluster}, and this agent runs as ${options.name}; delete the Secret to enrol anew`,
    { code: 'FailedPrecondition', reason: 'KeyMismatch', subject: { cluster: options.name } },
  );
}
