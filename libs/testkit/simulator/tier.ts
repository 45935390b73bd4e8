import { startHub, type HubClient, type HubOptions } from '@fairlead/testkit/fleet';

/** The hub of a scene: one process, or several. */
export interface HubTier {
  readonly api: string;
  /** `HOST:PORT` of the agents' streams. */
  readonly grpc: string;
  /** Holds `ca.pem`, `admin-token` and the other keys. */
  readonly dataDir: string;
  readonly client: HubClient;
  /** Announces a push. */
  webhook(repositoryUrl: string): Promise<void>;
  /** The hub's own processes by role; others after each start. */
  readonly pids: Readonly<Record<string, number>>;
  /** Servers beside it, such as `postgres`: processes that the hub cannot be without, counted apart. */
  readonly beside: Readonly<Record<string, number>>;
  /** SIGKILL to every process of its own. */
  kill(): Promise<void>;
  /** Starts them again on what they left, at the same addresses. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What every shape of hub is started with. */
export interface TierOptions extends Pick<HubOptions, 'fleetUrl' | 'dataDir' | 'nodeArguments' | 'graceMs'> {
  /** Logs and files of servers go there. */
  readonly folder: string;
  /** More flags of the process that takes the agents' streams. */
  readonly gatewayFlags?: Readonly<Record<string, string>>;
  readonly flags?: Readonly<Record<string, string>>;
}

/** All roles in one process, on SQLite. */
export async function startOneHub(options: TierOptions): Promise<HubTier> {
  const { folder, gatewayFlags, flags, ...rest } = options;
  const hub = await startHub({ ...rest, logFile: `${folder}/hub.log`, flags: { ...gatewayFlags, ...flags } });
  const { api, grpc, dataDir, client } = hub;
  return {
    api,
    grpc,
    dataDir,
    client,
    webhook: (url) => client.webhook(url),
    get pids() {
      return { hub: hub.pid };
    },
    beside: {},
    kill: () => hub.kill(),
    start: () => hub.start(),
    stop: () => hub.stop(),
  };
}
