import {
  asFairleadError,
  FairleadError,
  isName,
  type ClusterName,
  type Credentials,
  type Digest,
  type EnrollRequest,
  type EnrollResponse,
  type Reason,
  type RenewRequest,
  type RenewResponse,
} from '@fairlead/core/model';
import type { IssuedCertificate } from '@fairlead/ports/keys';
import type { BrokerUsers } from './brokerUsers.ts';
import { membershipFact, membershipKey, standingOf, type PendingMembership } from './membership.ts';
import type { GatewayLimits, GatewayPorts } from './ports.ts';

/** What a join token is made for. */
export interface JoinRequest {
  readonly cluster: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ttlMs: number;
  /** Who asks, for the ledger's commit. */
  readonly by: string;
}

/** A join token, shown once. */
export interface JoinToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** The gateway's ports, and whom it let onto the broker. */
export interface EnrolPorts extends GatewayPorts {
  readonly brokerUsers: Pick<BrokerUsers, 'letIn'>;
}

/** What making tokens needs; no key of the hub. */
export interface TokenPorts extends Pick<GatewayPorts, 'store' | 'clock'> {
  readonly authority: Pick<GatewayPorts['authority'], 'newToken'>;
}

/** Makes a one-use token that is bound to a cluster's name; only its hash is kept. Throws InvalidInput for a bad name. */
export async function makeToken(ports: TokenPorts, request: JoinRequest): Promise<JoinToken> {
  const { cluster, labels, ttlMs, by } = request;
  if (!isName(cluster))
    throw new FairleadError(
      `Cannot make a join token: current value of the name is "${cluster}". Use lower-case letters, digits and dashes, at most 63.`,
      { code: 'InvalidInput', reason: 'InvalidArgument', subject: { field: 'name' } },
    );
  const { token, hash } = ports.authority.newToken();
  const expiresAtMs = ports.clock.now() + ttlMs;
  const row = { hash, cluster: cluster as ClusterName, labels, by, expiresAtMs };
  await ports.store.write([{ put: 'token', row }]);
  return { token, expiresAtMs };
}

/**
 * Trades a token for a certificate, at once; the membership is written down for the planner to commit. The same token
 * with the same key is answered again for a while, because an answer can be lost. Throws Unauthenticated with
 * TokenInvalid, TokenExpired or TokenUsed.
 */
export async function enroll(
  ports: EnrolPorts,
  { request, limits }: { readonly request: EnrollRequest; readonly limits: GatewayLimits },
): Promise<EnrollResponse> {
  const { authority, clock, store } = ports;
  if (!/^v\d+\.\d+\.\d+/.test(request.kubernetesVersion))
    throw new FairleadError(
      `Cannot enrol: current value of kubernetesVersion is "${request.kubernetesVersion.slice(0, 80)}". It reads like v1.36.1.`,
      { code: 'InvalidInput', reason: 'InvalidArgument', subject: { field: 'kubernetesVersion' } },
    );
  // Everything that may be wrong with the request is found before the token is spent.
  refuseNats(ports, request);
  const key = await authority.keyDigestOfCsr(request.csrPem);
  const nowMs = clock.now();
  const hash = authority.hashToken(request.token);
  const claim = await store.claimToken(hash, { key, nowMs, againWithinMs: limits.claimAgainMs });
  if (!claim.taken) {
    const refusal = refusedToken(claim.reason);
    // Of a token that nobody made nothing is written: anyone could make it up.
    if (claim.reason !== 'TokenInvalid') await tellRefusal(ports, { cluster: claim.cluster, refusal, nowMs });
    throw refusal;
  }
  const { cluster, labels, by, usedAtMs = nowMs } = claim.row;
  if (usedAtMs < nowMs && (await hasEnded(ports, { cluster, key, sinceMs: usedAtMs }))) throw refusedToken('TokenUsed');
  const issued = await authority.issueClient(request.csrPem, cluster);
  const membership = { labels, key, kubernetes: request.kubernetesVersion, requestedAtMs: nowMs, by };
  await writeMembership(ports, { cluster, membership });
  return { cluster, credentials: await credentialsOf(ports, { issued, cluster, key, userKey: request.natsUserKey }) };
}

/** How often the journal says that one cluster's enrolment is refused: an agent asks again and again. */
const refusalEveryMs = 60_000;

/** Tells people of an agent with an old token. */
async function tellRefusal(
  { store }: GatewayPorts,
  { cluster, refusal, nowMs }: { cluster: ClusterName; refusal: FairleadError; nowMs: number },
): Promise<void> {
  const type = 'EnrolmentRefused';
  const [last] = await store.events({ type, cluster, newestFirst: true, limit: 1 });
  if (last !== undefined && nowMs - last.atMs < refusalEveryMs) return;
  const { reason, message } = refusal;
  await store.write([{ put: 'event', row: { atMs: nowMs, type, reason, message, cluster } }]);
}

/** Whether the membership that a token brought has ended since: its answer is not given again then. */
async function hasEnded(
  ports: GatewayPorts,
  { cluster, key, sinceMs }: { cluster: ClusterName; key: Digest; sinceMs: number },
): Promise<boolean> {
  const standing = await standingOf(ports, { cluster, key }).catch((thrown: unknown) => asFairleadError(thrown));
  if (typeof standing === 'string' || standing.code !== 'PermissionDenied') return false;
  // A hub that died between the token and the membership has written neither: the journal tells the two apart.
  const [enrolled] = await ports.store.events({ type: 'ClusterEnrolled', cluster, newestFirst: true, limit: 1 });
  return enrolled !== undefined && enrolled.atMs >= sinceMs;
}

async function writeMembership(
  { store, member }: GatewayPorts,
  { cluster, membership }: { cluster: ClusterName; membership: PendingMembership },
): Promise<void> {
  // An answer given again comes perhaps after the commit; then nothing is left to do. A ledger that was not read yet
  // is no reason to turn the agent away: the planner looks again.
  const known = await member(cluster).catch(() => undefined);
  if (known?.key === membership.key) return;
  await store.write([
    { put: 'fact', key: membershipKey(cluster), value: membershipFact(membership) },
    {
      put: 'event',
      row: {
        atMs: membership.requestedAtMs,
        type: 'ClusterEnrolled',
        reason: 'MembershipNotCommitted',
        message: `${cluster} enrolled with the token of ${membership.by}; its membership is being committed.`,
        cluster,
      },
    },
    { put: 'outbox', row: { subject: 'head', payload: { cluster } } },
  ]);
}

/**
 * Renews by possession of the key: the request is signed by it, and the ledger (or a membership that waits for its
 * commit) names it. The old certificate is not asked for; it may have ended long ago. Throws NotAMember or KeyMismatch.
 */
export async function renew(ports: EnrolPorts, request: RenewRequest): Promise<RenewResponse> {
  refuseNats(ports, request);
  const key = await ports.authority.keyDigestOfCsr(request.csrPem);
  await standingOf(ports, { cluster: request.cluster, key });
  const issued = await ports.authority.issueClient(request.csrPem, request.cluster);
  const { cluster, natsUserKey: userKey } = request;
  return { credentials: await credentialsOf(ports, { issued, cluster, key, userKey }) };
}

/** An agent that was installed for NATS has no other way: it hears at once that this hub has none. */
function refuseNats({ nats }: GatewayPorts, { natsUserKey }: Pick<EnrollRequest, 'natsUserKey'>): void {
  if (natsUserKey === undefined || nats !== undefined) return;
  throw new FairleadError(
    'Cannot let the agent onto NATS: this hub serves agents by gRPC only. Install the agent with --transport grpc, or start the hub with --agents-nats.',
    { code: 'FailedPrecondition', reason: 'InvalidArgument', subject: { field: 'natsUserKey' } },
  );
}

/** The NATS user is let in for exactly as long as the certificate is in force. */
async function credentialsOf(
  { authority, gatewayAddress, nats, brokerUsers }: EnrolPorts,
  given: { issued: IssuedCertificate; cluster: ClusterName; key: Digest; userKey: string | undefined },
): Promise<Credentials> {
  const { issued, cluster, key, userKey } = given;
  const credentials = { ...issued, caPem: authority.caPem, verifyingKeys: authority.verifyingKeys, gatewayAddress };
  if (nats === undefined || userKey === undefined) return credentials;
  const { notAfterMs } = issued;
  const userJwt = await nats.userJwt({ cluster, userKey, notAfterMs });
  await brokerUsers.letIn({ cluster, key, userKey, notAfterMs });
  const { address, caPem } = nats;
  return { ...credentials, nats: { userJwt, address, ...(caPem !== undefined && { caPem }) } };
}

const refusals = {
  TokenInvalid: 'the token is unknown',
  TokenExpired: 'the token has expired',
  TokenUsed: 'the token was used before',
} as const satisfies Partial<Record<Reason, string>>;

function refusedToken(reason: keyof typeof refusals): FairleadError {
  return new FairleadError(
    `Cannot enrol: ${refusals[reason]}. Make a new one with "fairlead cluster join NAME" and apply what it prints.`,
    { code: 'Unauthenticated', reason },
  );
}
