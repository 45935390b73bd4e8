import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
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
      ...(isTls ? { tls: { ...(ca !== undefined && { ca }), ...identityOf(addresses) } } : {}),
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

/**
 * The client names no host to TLS where an address is a number, and Node then looks for "localhost" in the certificate.
 * It must be for one of the numbers that were given.
 */
function identityOf(addresses: readonly string[]) {
  const numbers = addresses.map((address) => new URL(address).hostname.replace(/^\[|\]$/g, '')).filter(isIP);
  return {
    checkServerIdentity(host: string, certificate: PeerCertificate): Error | undefined {
      const names = host === 'localhost' && numbers.length > 0 ? numbers : [host];
      const refusals = names.map((name) => checkServerIdentity(name, certificate));
      return refusals.includes(undefined) ? undefined : refusals[0];
    },
  };
}

async function loginOf({ credentialsFile }: NatsBusOptions) {
  if (credentialsFile === undefined) return {};
  const text = (await readFile(credentialsFile, 'utf8')).trim();
  const bytes = (words: string): Uint8Array => new TextEncoder().encode(words);
  // A bare seed has no words around it; the last line of the other form counts only with its end.
  const isSeed = /^SU[A-Z2-7]+$/.test(text);
  return { authenticator: isSeed ? nkeyAuthenticator(bytes(text)) : credsAuthenticator(bytes(`${text}\n`)) };
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
