import type { Tool } from '@fairlead/adapters/render';

/** The programs of the hub: all roles in one process, or one role each. */
export type Program = 'hub' | 'planner' | 'sources' | 'gateway' | 'api';

/** Where to listen. Port 0 takes a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where the record is kept. */
export type StoreChoice =
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'postgres';
      /** `postgres://USER@HOST:PORT/DB`, without a password. */
      readonly url: string;
      readonly passwordFile?: string;
      readonly caFile?: string;
    };

/** What carries doorbells between roles. */
export type BusChoice =
  | { readonly kind: 'in-process' }
  | {
      readonly kind: 'nats';
      /** `nats://HOST:PORT`, several with commas between them. */
      readonly servers: string;
      readonly credentialsFile?: string;
      readonly caFile?: string;
      /** How many servers keep a copy; as it is unless told. */
      readonly replicas?: number;
    };

/** The broker that agents may stream over too. */
export interface AgentsBroker {
  /** `nats://HOST:PORT`, as the gateway dials it; several with commas between them. */
  readonly address: string;
  /** The address that agents are handed, or several. */
  readonly name: string;
  /** The gateways' own; `nats-gateways.creds` of the keys unless told. */
  readonly credentialsFile?: string;
  /** PEM of the authority of its certificate, which agents are handed too; the system's where there is none. */
  readonly caFile?: string;
}

/** What every program is told at its start. */
interface Base {
  readonly store: StoreChoice;
  readonly bus: BusChoice;
  /** The folder of the hub's keys; of a program of one role it holds only what that role needs. */
  readonly keysFolder: string;
  /** Plain HTTP: probes and Prometheus. */
  readonly metrics?: Address;
  /** Where traces go, by OTLP over HTTP. */
  readonly otlp?: string;
}

/** Where people are asked for promotions. */
export interface ForgeChoice {
  readonly kind: 'github';
  /** Holds a token that may write pull requests; read at each use. */
  readonly tokenFile: string;
  /** Of its API, where it is not at the host of the repository. */
  readonly apiUrl?: string;
}

/** How the fleet repository is reached. */
export interface FleetSettings {
  /** http or https, without credentials. */
  readonly fleetUrl: string;
  readonly branch: string;
  readonly username: string;
  /** Holds the password of the fleet repository; read at each use. */
  readonly passwordFile?: string;
  /** Holds the private key that commits of the hub are signed with; read at each use. */
  readonly signingKeyFile?: string;
  /** PEM of an authority that git servers' certificates may be signed by. */
  readonly gitCaFile?: string;
  /** Nobody can be asked unless told. */
  readonly forge?: ForgeChoice;
  /** Servers that gates may ask: `HOST`, or `HOST:PORT`; none unless told. */
  readonly checkHosts?: readonly string[];
  readonly pollMs: number;
  /** For copies of repositories; of this process alone. */
  readonly dataFolder: string;
}

/** Everything that some program takes. A program's own part of it is there; the rest has its defaults. */
export interface Settings extends Base, FleetSettings {
  /** HTTPS: of the api the status API, of the gateway enrolment, of sources webhooks, of the hub all three. */
  readonly listen: Address;
  /** Agents' streams. */
  readonly grpc: Address;
  /** `HOST:PORT` that agents are told to stream to; the first name and the port of `grpc` unless told. */
  readonly grpcName?: string;
  /** `HOST:PORT` at which agents enrol, for join manifests; of the hub its own. */
  readonly gateway?: string;
  readonly agentsNats?: AgentsBroker;
  /** Further names and addresses of the hub, for its certificate; the first one is what others are told. */
  readonly names: readonly string[];
  readonly kustomize: readonly Tool[];
  readonly helm: readonly Tool[];
  /** Tokens of people, a file each; the folder `people` of the keys unless told. */
  readonly peopleFolder?: string;
  /** The sources' credentials; the folder `credentials` of the keys unless told. */
  readonly credentialsFolder?: string;
  /** Makes all keys of roles apart, and ends. */
  readonly makeKeys: boolean;
}

/** What a hub in one process must be told; the rest has the defaults of the flags. */
export type HubOptions = FleetSettings &
  Pick<Settings, 'listen' | 'grpc' | 'names' | 'kustomize' | 'helm'> &
  Partial<Settings>;
