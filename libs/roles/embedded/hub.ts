import { join } from 'node:path';
import { openKeys } from '@fairlead/adapters/pki';
import { startApiRole } from '@fairlead/roles/api';
import { openFleet } from '@fairlead/roles/fleet';
import { startGatewayRole } from '@fairlead/roles/gateway';
import { openGround } from '@fairlead/roles/ground';
import { listenHttps, personBy } from '@fairlead/roles/http';
import { startPlannerRole } from '@fairlead/roles/planner';
import type { HubOptions } from '@fairlead/roles/settings';
import { makeWebhookSecret, startSourcesRole, webhookSecretIn } from '@fairlead/roles/sources';
import { releasesFrom, sourceState } from '@fairlead/shell/sources';

/** Where a bundle has its parts. */
export interface Bundle {
  /** The program of SQLite's thread. */
  readonly workerUrl?: URL;
  /** The folder of the built page. */
  readonly page?: string;
}

/** A hub that runs. */
export interface RunningHub {
  /** `https://HOST:PORT`. */
  readonly api: string;
  /** `HOST:PORT`. */
  readonly grpc: string;
  readonly dataFolder: string;
  /** Where probes are answered, if anywhere: `HOST:PORT`. */
  readonly where: { readonly probes?: string };
  /** Ends streams, finishes what was begun, closes the store. */
  close(): Promise<void>;
}

/**
 * Starts all four roles in one process: the same compositions as apart, over one store and one bus. What they share
 * besides, the reading of the fleet repository and rendering, only spares a second copy of it. Resolves when api and
 * gateway listen; git may not have been read by then.
 */
export async function startHub(options: HubOptions, bundle: Bundle = {}): Promise<RunningHub> {
  const { dataFolder, keysFolder = dataFolder, listen, grpc, names } = options;
  const served = ['localhost', '127.0.0.1', listen.host, grpc.host, ...names];
  const keys = await openKeys(keysFolder, { names: [...new Set(served)], now: () => Date.now() });
  await makeWebhookSecret(keysFolder);
  const ground = await openGround({
    program: 'hub',
    store: options.store ?? { kind: 'sqlite', file: join(dataFolder, 'store/hub.db') },
    bus: options.bus ?? { kind: 'in-process' },
    blobKey: keys.blobKey,
    ...(bundle.workerUrl && { workerUrl: bundle.workerUrl }),
    ...(options.metrics && { metrics: options.metrics }),
    ...(options.otlp !== undefined && { otlp: options.otlp }),
  });
  const { log, clock, store, alone } = ground;
  const settings = { ...options, keysFolder };
  const fleet = await openFleet(settings, store);
  const gateway = await startGatewayRole(ground, { settings, keys: { ...keys, server: () => keys.server() } });
  const sources = await startSourcesRole(ground, { settings, webhookSecret: webhookSecretIn(keysFolder) });
  const releases = releasesFrom({ state: (key) => sourceState(store, key), rendering: sources.rendering });
  const planner = startPlannerRole(ground, { settings, fleet, signer: keys, releases });
  let address = '';
  const api = startApiRole(ground, {
    settings,
    fleet,
    // The planner in this process follows it; with others about, that one may only stand by.
    follows: !alone,
    releases,
    compare: sources.rendering.changes,
    caPem: keys.caPem,
    enrolAt: () => address.replace('https://', ''),
  });
  const [name] = names;
  const http = await listenHttps({
    modules: [api.module, gateway.module, sources.module],
    authenticate: personBy(keys, { settings, now: () => clock.now() }),
    log,
    clock,
    server: () => keys.server(),
    at: listen,
    ...(name === undefined ? {} : { name }),
    ...(bundle.page === undefined ? {} : { page: bundle.page }),
  });
  address = http.address;
  log.info({ api: address, grpc: gateway.streams }, 'the hub listens');
  ground.observing.started();
  return {
    where: ground.observing.where,
    api: address,
    grpc: gateway.streams,
    dataFolder,
    async close() {
      await http.close();
      api.close();
      await gateway.close();
      await planner.close();
      await sources.close();
      fleet.close();
      await ground.close();
    },
  };
}
