import { FairleadError, type ClusterName, type Digest, type JsonObject } from '@fairlead/core/model';
import type { Caller } from '@fairlead/ports/transport';
import type { GatewayPorts } from './ports.ts';

/** Whether the ledger has the member, or its commit is still awaited. */
export type Standing = 'Member' | 'Pending';

/** A membership that waits for its commit, as the fact `membership:NAME` keeps it. */
export interface PendingMembership {
  readonly labels: Readonly<Record<string, string>>;
  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  readonly key: Digest;
  /** Such as `v1.36.1`. */
  readonly kubernetes: string;
  readonly requestedAtMs: number;
  /** Who asked for the token. */
  readonly by: string;
}

/** The key of the fact; the planner drops it once the ledger file is pushed. */
export function membershipKey(cluster: ClusterName): string {
  return `membership:${cluster}`;
}

/** The membership as a fact's value. */
export function membershipFact(membership: PendingMembership): JsonObject {
  return membership as unknown as JsonObject;
}

/**
 * Where the caller stands: the key is held against the ledger first, then against a membership that waits for its
 * commit. Throws NotAMember or KeyMismatch (PermissionDenied).
 */
export async function standingOf(
  { member, store }: Pick<GatewayPorts, 'member' | 'store'>,
  caller: Caller,
): Promise<Standing> {
  const known = await member(caller.cluster);
  if (known?.key === caller.key) return 'Member';
  const pending = (await store.fact(membershipKey(caller.cluster))) as PendingMembership | undefined;
  if (pending?.key === caller.key) return 'Pending';
  throw known ? otherKey(caller.cluster) : notAMember(caller.cluster);
}

/** The ledger names no such cluster. */
export function notAMember(cluster: ClusterName): FairleadError {
  return new FairleadError(
    `Cannot take the stream of ${cluster}: the ledger names no such cluster. Enrol it again: fairlead cluster join ${cluster}`,
    { code: 'PermissionDenied', reason: 'NotAMember', subject: { cluster } },
  );
}

function otherKey(cluster: ClusterName): FairleadError {
  return new FairleadError(
    `Cannot take the stream of ${cluster}: its key is not the one in ledger/clusters/${cluster}.yaml. ` +
      `If the agent was installed anew, enrol it again: fairlead cluster join ${cluster}`,
    { code: 'PermissionDenied', reason: 'KeyMismatch', subject: { cluster } },
  );
}
