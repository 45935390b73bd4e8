import { FairleadError } from '@fairlead/core/model';
import type { NatsRevoker, RevokedUser } from '@fairlead/ports/keys';
import type { NatsConnection } from '@nats-io/transport-node';
import { connectAs } from '../broker.ts';
import { claimsSubject, revokerInbox } from '../subjects.ts';
import { agentsAccount, agentsAccountName } from './claims.ts';
import { readPrivate } from './files.ts';
import { signerFile, type Signer } from './users.ts';

/** By which the hub tells servers whom it let in no longer. A hub without it revokes nobody. */
export const revokerFile = 'nats-revoker.json';

/** What {@link revokerFile} holds. */
export interface RevokerKeys {
  /** Of a signing key of the operator. */
  readonly seed: string;
  /** A user of the system account, who may tell servers of the agents' account and nothing else. */
  readonly userJwt: string;
  readonly userSeed: string;
}

/** Options of {@link openRevoker}. */
export interface RevokerOptions {
  /** `nats://host:port` or `tls://host:port` of the broker. */
  readonly address: string;
  /** The authority of its certificate; the system's where there is none. */
  readonly caPem?: string;
}

/** How long servers have to answer, and after how long without another answer all have. */
const answers = { maxWait: 5_000, stall: 500 };
/** Base64 makes four bytes of three; the rest is left for the account's own words and the signature. */
const shareOfPayload = 0.7;
/** `"U…56":1234567890,` */
const bytesOfOne = 72;

/**
 * Opens the pen that revokes users; undefined where the folder has none. Each call connects, says what the account is from
 * now on, waits for the servers' answers, and ends the connection.
 */
export async function openRevoker(folder: string, options: RevokerOptions): Promise<NatsRevoker | undefined> {
  const [text, signerText] = [await readPrivate(folder, revokerFile), await readPrivate(folder, signerFile)];
  if (text === undefined || signerText === undefined) return undefined;
  const { seed, userJwt, userSeed } = JSON.parse(text) as RevokerKeys;
  const signer = JSON.parse(signerText) as Signer;
  return {
    async revoke(users) {
      const connection = await connectAs({
        ...options,
        user: { jwt: userJwt, seed: userSeed },
        name: 'fairlead revoker',
        inboxPrefix: revokerInbox,
      });
      try {
        const fits = fitting(users, connection.info?.max_payload ?? 0);
        await tell(connection, { account: signer.account, claims: await claimsOf(fits, { seed, signer }) });
        if (fits.length < users.length) throw tooMany(users.length, fits.length);
      } finally {
        await connection.close();
      }
    },
  };
}

/** The first ones, as many as one message takes. */
function fitting(users: readonly RevokedUser[], maxPayload: number): readonly RevokedUser[] {
  return users.slice(0, Math.floor((maxPayload * shareOfPayload) / bytesOfOne));
}

async function claimsOf(
  users: readonly RevokedUser[],
  { seed, signer }: { readonly seed: string; readonly signer: Signer },
): Promise<string> {
  const { encodeAccount, fromPublic, fromSeed } = await import('../lazily/jwt.ts');
  const keyOf = (text: string) => fromSeed(new TextEncoder().encode(text));
  const revoked = Object.fromEntries(users.map(({ userKey, issuedAtS }) => [userKey, issuedAtS]));
  const is = agentsAccount(keyOf(signer.seed).getPublicKey(), revoked);
  return encodeAccount(agentsAccountName, fromPublic(signer.account), is, { signer: keyOf(seed) });
}

/** What a server says that keeps accounts in memory and has no client of this one: it forgets what it was told. */
const passedOver = 'jwt update skipped';

/**
 * Throws Unavailable where no server answers or one does not take the claims, and FailedPrecondition where one passes over
 * them.
 */
async function tell(
  connection: NatsConnection,
  { account, claims }: { readonly account: string; readonly claims: string },
): Promise<void> {
  const refusals: string[] = [];
  let [answered, skipped] = [0, 0];
  try {
    const found = await connection.requestMany(claimsSubject(account), claims, { strategy: 'stall', ...answers });
    for await (const message of found) {
      const { error, data } = message.json<{ error?: { description?: string }; data?: { message?: string } }>();
      answered += 1;
      if (error !== undefined) refusals.push(error.description ?? 'no reason was given');
      if (data?.message === passedOver) skipped += 1;
    }
  } catch (cause) {
    throw notTold(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (refusals[0] !== undefined) throw notTold(refusals[0]);
  if (answered === 0) throw notTold('no server answered');
  if (skipped > 0) throw passedOverBy(skipped);
}

function notTold(why: string, cause?: unknown): FairleadError {
  return new FairleadError(
    `Cannot tell the NATS servers which agents are let in no longer: ${why}. It is tried again. If it goes on, make fairlead-nats.conf anew with "fairlead nats config", and let the servers read it.`,
    { code: 'Unavailable', reason: 'HubUnreachable', retry: 'backoff', cause },
  );
}

function passedOverBy(servers: number): FairleadError {
  return new FairleadError(
    `Cannot tell every NATS server which agents are let in no longer: ${servers} of them passed over it, and may let them in until their JWT ends, within a day. Servers of a cluster must keep accounts in a folder: make fairlead-nats.conf anew with "fairlead nats config --accounts-dir DIR".`,
    { code: 'FailedPrecondition', reason: 'HubUnreachable', retry: 'backoff' },
  );
}

function tooMany(asked: number, told: number): FairleadError {
  return new FairleadError(
    `Cannot revoke ${asked} NATS users: one message to the servers holds ${told}. The others are let in until their JWT ends, within a day. Raise max_payload of the servers.`,
    { code: 'FailedPrecondition', reason: 'HubUnreachable', retry: 'backoff' },
  );
}
