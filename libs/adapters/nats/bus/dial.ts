import { readFile } from 'node:fs/promises';
import { asFairleadError, FairleadError } from '@fairlead/core/model';
import { connect, credsAuthenticator, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { inboxOf, namesOf, type NatsBusOptions } from './options.ts';

const connectWithinMs = 5_000;
/** A server that answers nothing is given up after about three of these. */
const pingMs = 10_000;

/**
 * Connects once. A connection is not renewed: when it is over, what went by it is over, and the files are read anew for
 * the next. Rejects with Unavailable (BusUnavailable).
 */
export async function dial(options: NatsBusOptions): Promise<NatsConnection> {
  const addresses = options.servers.split(',').map((address) => address.trim());
  const isTls = options.caFile !== undefined || addresses.some((address) => address.startsWith('tls://'));
  try {
    const ca = options.caFile === undefined ? undefined : await readFile(options.caFile, 'utf8');
    return await connect({
      servers: addresses.map((address) => address.replace(/^tls:/, 'nats:')),
      name: options.name,
      ...(await loginOf(options)),
      ...(isTls ? { tls: ca === undefined ? {} : { ca } } : {}),
      inboxPrefix: inboxOf(namesOf(options)),
      reconnect: false,
      maxReconnectAttempts: 0,
      timeout: connectWithinMs,
      pingInterval: pingMs,
      maxPingOut: 2,
      ignoreClusterUpdates: true,
    });
  } catch (cause) {
    throw busUnavailable(`Cannot reach the bus at ${options.servers}`, cause);
  }
}

async function loginOf({ credentialsFile }: NatsBusOptions) {
  if (credentialsFile === undefined) return {};
  const text = (await readFile(credentialsFile, 'utf8')).trim();
  const bytes = new TextEncoder().encode(text);
  // A bare seed has no words around it.
  return { authenticator: /^SU[A-Z2-7]+$/.test(text) ? nkeyAuthenticator(bytes) : credsAuthenticator(bytes) };
}

/** What is said of a bus that does not do what it should. `what` reads "Cannot do X". */
export function busUnavailable(what: string, cause: unknown): FairleadError {
  if (cause instanceof FairleadError && cause.reason === 'BusUnavailable') return cause;
  const { message } = asFairleadError(cause);
  return new FairleadError(`${what}: ${message}. What is to be said waits in the store; it is tried again.`, {
    code: 'Unavailable',
    reason: 'BusUnavailable',
    retry: 'backoff',
    cause,
  });
}
