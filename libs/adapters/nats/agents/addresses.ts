import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** The servers of a cluster, as a flag or a join manifest names them: `nats://HOST:PORT`, commas in between. */
export function addressesIn(text: string): readonly string[] {
  return text.split(',').map((address) => address.trim());
}

/** An address as the client library takes it. */
export function hostOf(address: string): string {
  return address.replace(/^tls:/, 'nats:');
}

/**
 * What a certificate is held against. The client names no host to TLS where an address is a number, and Node then looks
 * for "localhost" in the certificate: it must be for one of the numbers that were given.
 */
export function identityOf(addresses: readonly string[]): {
  checkServerIdentity(host: string, certificate: PeerCertificate): Error | undefined;
} {
  const hosts = addresses.map((address) => new URL(address.replace(/^(nats|tls):/, 'http:')).hostname);
  const numbers = hosts.map((host) => host.replace(/^\[|\]$/g, '')).filter(isIP);
  return {
    checkServerIdentity(host, certificate) {
      const names = host === 'localhost' && numbers.length > 0 ? numbers : [host];
      const refusals = names.map((name) => checkServerIdentity(name, certificate));
      return refusals.includes(undefined) ? undefined : refusals[0];
    },
  };
}
