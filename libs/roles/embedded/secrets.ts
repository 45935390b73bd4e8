import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the secret lies that git servers sign their webhooks with. */
const file = 'webhook-secret';

/** Reads the webhooks' secret at each use; made at the first start with mode 0600. */
export async function webhookSecret(dataFolder: string): Promise<() => Promise<string>> {
  const path = join(dataFolder, file);
  await writeFile(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' }).catch(
    (thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'EEXIST') throw thrown;
    },
  );
  return async () => (await readFile(path, 'utf8')).trim();
}
