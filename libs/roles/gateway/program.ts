import { openBlobKey, openGatewayKeys } from '@fairlead/adapters/pki';
import { openGround } from '@fairlead/roles/ground';
import { listenHttps } from '@fairlead/roles/http';
import type { Running } from '@fairlead/roles/program';
import type { Settings } from '@fairlead/roles/settings';
import { startGatewayRole } from './compose.ts';

/** The gateway alone. Of the keys it needs `ca.key`, `ca.pem`, `verifying-keys.json` and `blobs.key`. */
export async function startGatewayProgram(settings: Settings): Promise<Running> {
  const { keysFolder, names, listen, grpc } = settings;
  const served = ['localhost', '127.0.0.1', listen.host, grpc.host, ...names];
  const keys = await openGatewayKeys(keysFolder, { names: [...new Set(served)], now: () => Date.now() });
  const blobKey = await openBlobKey(keysFolder);
  const ground = await openGround({ program: 'gateway', ...settings, blobKey });
  const { log, clock } = ground;
  const role = await startGatewayRole(ground, { settings, keys });
  const [name] = names;
  const http = await listenHttps({
    modules: [role.module],
    authenticate: () => undefined,
    log,
    clock,
    server: keys.server,
    at: listen,
    ...(name === undefined ? {} : { name }),
  });
  log.info({ enrolment: http.address, grpc: role.streams }, 'the gateway listens');
  ground.observing.started();
  return {
    ready: { instance: ground.instance, ...ground.observing.where, enrolment: http.address, grpc: role.streams },
    async close() {
      await http.close();
      await role.close();
      await ground.close();
    },
  };
}
