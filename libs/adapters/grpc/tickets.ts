import { hkdfSync } from 'node:crypto';

/**
 * How long a session may be resumed: as long as the certificate that began it lives. A stream is opened once in that
 * time, so that a shorter one would leave most agents without a ticket when the hub starts again. It is no longer than
 * the certificate for another reason too: the hub asks for the certificate's end and for the ledger at each stream.
 */
export const ticketLifetimeMs = 86_400_000;

/** For how long one key seals tickets; those of the key before are answered with a full handshake. */
export const ticketKeyMs = 7 * 86_400_000;

/** What {@link ticketKeys} are made of. */
export interface TicketSecret {
  /** At least 32 random bytes that all gateways share; who has them can pose as any agent, as who has the authority's key. */
  readonly secret: Uint8Array;
  /** Tickets of agents that another authority certified are worth nothing. */
  readonly caPem: string;
}

/** The 48 bytes that seal tickets now: the same in every process that shares the secret, and others each week. */
export function ticketKeys({ secret, caPem }: TicketSecret, nowMs: number): Buffer {
  const info = `fairlead session tickets ${Math.floor(nowMs / ticketKeyMs)}`;
  return Buffer.from(hkdfSync('sha256', secret, caPem, info, 48));
}

/** How long until the next keys. */
export function untilNextKeysMs(nowMs: number): number {
  return ticketKeyMs - (nowMs % ticketKeyMs);
}
