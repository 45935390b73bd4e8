import type { ClusterName } from '@fairlead/core/model';

/** The hub's account at a NATS broker, as enrolment needs it. */
export interface NatsAuthority {
  /**
   * A JWT that lets the holder of `userKey` (a public NKey of a user) speak on the cluster's own subjects, and on no
   * other, until `notAfterMs`. Throws `FairleadError` InvalidInput for a key that is none.
   */
  userJwt(user: {
    readonly cluster: ClusterName;
    readonly userKey: string;
    readonly notAfterMs: number;
  }): Promise<string>;
}

/** A user whose JWT is to let nobody in. */
export interface RevokedUser {
  /** Its public NKey. */
  readonly userKey: string;
  /** Every JWT of it that was signed in this second (Unix time) or earlier. */
  readonly issuedAtS: number;
}

/** Tells the broker whom it must let in no longer. */
export interface NatsRevoker {
  /**
   * These are revoked from now on and nobody else is: they are cut off, and not let in again. Others do not feel it.
   * Where one message cannot hold all, those that come first are. Throws `FairleadError` Unavailable for a broker that
   * cannot be told now, and FailedPrecondition where only some could be.
   */
  revoke(users: readonly RevokedUser[]): Promise<void>;
}

/** An account without cryptography, for tests: a JWT is the text `jwt:CLUSTER:USERKEY`. */
export function memoryNatsAuthority(): NatsAuthority {
  return { userJwt: async ({ cluster, userKey }) => `jwt:${cluster}:${userKey}` };
}
