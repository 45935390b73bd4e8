import type { ClusterName, Digest } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';
import type { Authority, NatsAuthority, NatsRevoker } from '@fairlead/ports/keys';
import type { Store } from '@fairlead/ports/store';

/** What the gateway works with. */
export interface GatewayPorts {
  /** Which gateway this is: random for each start, and the name that it beats under. */
  readonly instance: string;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly authority: Authority;
  /**
   * The member as the ledger has it now; undefined for a name that is none. Throws Unavailable as long as the ledger
   * was not read: nobody is turned away by a hub that does not know yet.
   */
  readonly member: (cluster: ClusterName) => Promise<{ readonly key: Digest } | undefined>;
  /** False while the hub's epoch is not the ledger's: then nothing is given out. */
  readonly epochReady: () => boolean;
  /** `host:port` under which agents find the stream. */
  readonly gatewayAddress: string;
  /** Where agents may stream over NATS as well. */
  readonly nats?: NatsAccounts;
  /** Hears what failed beside a stream. */
  readonly onError: (error: unknown) => void;
}

/** The broker of the agents, and how they are let in. */
export interface NatsAccounts extends NatsAuthority {
  /** `nats://host:port` or `tls://host:port`, as agents dial it. */
  readonly address: string;
  /** The authority of its certificate; undefined where the agents' systems know it. */
  readonly caPem?: string;
  /** Without it, whoever is a member no longer is let onto the broker until its JWT ends. */
  readonly revoker?: NatsRevoker;
}

/** The gateway's bounds. */
export interface GatewayLimits {
  /** How often an agent says that it is there if it has nothing else to say. */
  readonly heartbeatMs: number;
  /** For how long a lost answer to an enrolment is given again to the same key. */
  readonly claimAgainMs: number;
  /** Messages that one agent may send at once, and each second from then on. */
  readonly burst: number;
  readonly perSecond: number;
  /** Streams that one cluster may begin at once, and the time after which it may begin one more. */
  readonly streams: number;
  readonly streamEveryMs: number;
  /** How often it is written that a cluster was heard. */
  readonly heardEveryMs: number;
  /** After how long without a word it is written that something has no answer. */
  readonly unansweredAfterMs: number;
  /** How long one message may wait for an agent that does not read. */
  readonly sendWithinMs: number;
  /** Bytes of one part, and of one Objects message unless one part alone is larger. */
  readonly partBytes: number;
  /** Blobs read from the store at a time. */
  readonly blobsAtATime: number;
  /** Blobs kept in memory for all agents. */
  readonly cachedBytes: number;
  /** Digests of bundle indexes kept in memory for all agents. */
  readonly cachedDigests: number;
}

/** Bounds for ten thousand agents. */
export const defaultLimits: GatewayLimits = {
  heartbeatMs: 120_000,
  claimAgainMs: 600_000,
  burst: 200,
  perSecond: 50,
  streams: 20,
  streamEveryMs: 3_000,
  heardEveryMs: 60_000,
  unansweredAfterMs: 5_000,
  sendWithinMs: 300_000,
  partBytes: 262_144,
  blobsAtATime: 16,
  cachedBytes: 33_554_432,
  cachedDigests: 200_000,
};
