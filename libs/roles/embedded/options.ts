import type { Tool } from '@fairlead/adapters/render';

/** Where to listen. Port 0 takes a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Everything that a hub in one process is told at its start. */
export interface HubOptions {
  /** http or https, without credentials. */
  readonly fleetUrl: string;
  readonly branch: string;
  readonly dataFolder: string;
  /** HTTPS: status API, enrolment, webhooks. */
  readonly listen: Address;
  /** Agents' streams. */
  readonly grpc: Address;
  /** Further names and addresses of the hub, for its certificate. */
  readonly names: readonly string[];
  readonly pollMs: number;
  readonly username: string;
  /** Holds the password of the fleet repository; read at each use. */
  readonly passwordFile?: string;
  /** PEM of an authority that git servers' certificates may be signed by. */
  readonly gitCaFile?: string;
  readonly kustomize: readonly Tool[];
  readonly helm: readonly Tool[];
}

/** A hub that runs. */
export interface RunningHub {
  /** `https://HOST:PORT`. */
  readonly api: string;
  /** `HOST:PORT`. */
  readonly grpc: string;
  readonly dataFolder: string;
  /** Ends streams, finishes what was begun, closes the store. */
  close(): Promise<void>;
}
