import type { Account } from '@nats-io/jwt';

/** No bound of the broker's own. */
export const unlimited = {
  subs: -1,
  data: -1,
  payload: -1,
  conn: -1,
  leaf: -1,
  imports: 0,
  exports: 0,
  wildcards: true,
} as const;

/** A user that comes without rights of its own has none. */
const nothing = { pub: { deny: ['>'] }, sub: { deny: ['>'] } };

/** What the broker's own pages call the account of the agents. */
export const agentsAccountName = 'FAIRLEAD-AGENTS';

/**
 * What the agents' account is, by the public key that signs its users; the same from `fairlead nats config` and from the
 * hub. Users that are revoked are not let in by a JWT of that second (Unix time) or an earlier one.
 */
export function agentsAccount(signer: string, revoked: Readonly<Record<string, number>> = {}): Partial<Account> {
  return {
    limits: { ...unlimited, mem_storage: 0, disk_storage: 0, disallow_bearer: true },
    signing_keys: [signer],
    default_permissions: nothing,
    ...(Object.keys(revoked).length > 0 && { revocations: { ...revoked } }),
  };
}
