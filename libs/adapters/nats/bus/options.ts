import type { LineOptions } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';

/** Where the bus is, and as whom it is spoken to. */
export interface NatsBusAddress {
  /** `nats://HOST:PORT` or `tls://HOST:PORT`, several with commas between them. */
  readonly servers: string;
  /** A credentials file of NATS (a user's JWT and seed), or a file with nothing but a user's seed; read at each dial. */
  readonly credentialsFile?: string;
  /** The authority of the servers' certificate, PEM; read at each dial. With it only TLS is spoken. */
  readonly caFile?: string;
}

/** What the stream keeps. Only who was away for a short while needs it: everybody else looks at the store. */
export interface StreamLimits {
  /** 10 minutes unless told. */
  readonly maxAgeMs?: number;
  /** 50,000 unless told. */
  readonly maxMessages?: number;
  /** 128 MiB unless told. */
  readonly maxBytes?: number;
  /** `file` unless told: with `memory`, every restart of a lone server makes everybody look anew. */
  readonly storage?: 'file' | 'memory';
  /** How many servers of a cluster keep a copy. Unless told, as many as do; 1 of a stream that is made. */
  readonly replicas?: number;
}

/** Options of `openNatsBus`. */
export interface NatsBusOptions extends LineOptions, NatsBusAddress {
  readonly clock: Clock;
  /** What the server's own pages call this process. */
  readonly name: string;
  /** Hears why the bus cannot be used, each reason once until it can again. */
  readonly onProblem: (problem: unknown) => void;
  /** Name of the stream: upper case letters, digits and `_`. `FAIRLEAD_BUS` unless told. */
  readonly stream?: string;
  /** What the subjects begin with; `fairlead.bus` unless told. */
  readonly prefix?: string;
  readonly limits?: StreamLimits;
  /** For how long `publish` waits for a bus that is away; 10 s unless told. */
  readonly publishWithinMs?: number;
  /** For how long the opening waits for the bus; 5 s unless told. */
  readonly openWithinMs?: number;
}

/** The names that a bus uses on its server. */
export interface BusNames {
  readonly stream: string;
  readonly prefix: string;
  /** What the subjects of questions begin with; beside those of the stream, which keeps none of them. */
  readonly asked: string;
}

/** The names of these options. */
export function namesOf({
  stream = 'FAIRLEAD_BUS',
  prefix = 'fairlead.bus',
}: Pick<NatsBusOptions, 'stream' | 'prefix'>): BusNames {
  return { stream, prefix, asked: `${prefix}.ask` };
}

/** Where answers and deliveries come in. A prefix of its own, so that nobody else's inbox needs to be allowed. */
export function inboxOf({ stream }: BusNames): string {
  return `_INBOX_${stream}`;
}
