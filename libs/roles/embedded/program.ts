import { makeKeysApart } from '@fairlead/adapters/pki';
import type { Running } from '@fairlead/roles/program';
import type { Settings } from '@fairlead/roles/settings';
import { makeWebhookSecret } from '@fairlead/roles/sources';
import { startHub, type Bundle } from './hub.ts';

/** The hub in one process; or, with `--make-keys`, the keys of roles apart. */
export async function startHubProgram(settings: Settings, bundle: Bundle): Promise<Running | undefined> {
  const { keysFolder, names, makeKeys } = settings;
  if (makeKeys) {
    const served = ['localhost', '127.0.0.1', ...names];
    await makeKeysApart(keysFolder, { names: [...new Set(served)], now: () => Date.now() });
    await makeWebhookSecret(keysFolder);
    console.log(JSON.stringify({ keys: keysFolder }));
    return undefined;
  }
  const hub = await startHub(settings, bundle);
  return {
    ready: { api: hub.api, grpc: hub.grpc, dataDir: hub.dataFolder, ...hub.where },
    close: () => hub.close(),
  };
}
