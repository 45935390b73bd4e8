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

/** An account without cryptography, for tests: a JWT is the text `jwt:CLUSTER:USERKEY`. */
export function memoryNatsAuthority(): NatsAuthority {
  return { userJwt: async ({ cluster, userKey }) => `jwt:${cluster}:${userKey}` };
}
