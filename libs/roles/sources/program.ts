import { openBlobKey, servedBy } from '@fairlead/adapters/pki';
import { openGround } from '@fairlead/roles/ground';
import { listenHttps } from '@fairlead/roles/http';
import type { Running } from '@fairlead/roles/program';
import type { Settings } from '@fairlead/roles/settings';
import { startSourcesRole } from './compose.ts';
import { webhookSecretIn } from './secret.ts';

/** The sources role alone. Of the keys it needs `blobs.key`, `sources.pem`, `webhook-secret` and `credentials/`. */
export async function startSourcesProgram(settings: Settings): Promise<Running> {
  const { keysFolder, names } = settings;
  const blobKey = await openBlobKey(keysFolder);
  const ground = await openGround({ program: 'sources', ...settings, blobKey });
  const { log, clock } = ground;
  const role = await startSourcesRole(ground, { settings, webhookSecret: webhookSecretIn(keysFolder) });
  const [name] = names;
  const http = await listenHttps({
    modules: [role.module],
    authenticate: () => undefined,
    log,
    clock,
    server: servedBy(keysFolder, { role: 'sources', now: () => clock.now() }),
    at: settings.listen,
    ...(name === undefined ? {} : { name }),
  });
  log.info({ webhooks: http.address }, 'the sources role listens');
  ground.observing.started();
  return {
    ready: { instance: ground.instance, ...ground.observing.where, webhooks: http.address },
    async close() {
      await http.close();
      await role.close();
      await ground.close();
    },
  };
}
