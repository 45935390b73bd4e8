import { openApiKeys, servedBy } from '@fairlead/adapters/pki';
import { openFleet } from '@fairlead/roles/fleet';
import { openGround } from '@fairlead/roles/ground';
import { listenHttps, personBy } from '@fairlead/roles/http';
import type { Running } from '@fairlead/roles/program';
import type { Settings } from '@fairlead/roles/settings';
import { askRendering, releasesFrom, sourceState } from '@fairlead/shell/sources';
import { startApiRole } from './compose.ts';

/** Where a bundle has its parts. */
interface Bundle {
  /** The folder of the built page. */
  readonly page: string;
}

/** The api alone. Of the keys it needs `admin-token`, `ca.pem` and `api.pem`. */
export async function startApiProgram(settings: Settings, { page }: Bundle): Promise<Running> {
  const { keysFolder, names, gateway = '' } = settings;
  const { caPem, isAdminToken } = await openApiKeys(keysFolder);
  const ground = await openGround({ program: 'api', ...settings });
  const { log, clock, store } = ground;
  const fleet = await openFleet(settings, store);
  const rendering = askRendering(ground);
  const releases = releasesFrom({ state: (key) => sourceState(store, key), rendering });
  const role = startApiRole(ground, {
    settings,
    fleet,
    follows: true,
    releases,
    compare: rendering.changes,
    caPem,
    enrolAt: () => gateway,
  });
  const [name] = names;
  const http = await listenHttps({
    modules: [role.module],
    authenticate: personBy({ isAdminToken }, { settings, now: () => clock.now() }),
    log,
    clock,
    server: servedBy(keysFolder, { role: 'api', now: () => clock.now() }),
    at: settings.listen,
    page,
    ...(name === undefined ? {} : { name }),
  });
  log.info({ api: http.address }, 'the api listens');
  ground.observing.started();
  return {
    ready: { instance: ground.instance, ...ground.observing.where, api: http.address },
    async close() {
      await http.close();
      role.close();
      rendering.close();
      fleet.close();
      await ground.close();
    },
  };
}
