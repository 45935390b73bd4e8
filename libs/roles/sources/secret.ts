import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FairleadError } from '@fairlead/core/model';

/** Where the secret lies that git servers sign their webhooks with. */
const file = 'webhook-secret';

/** Makes the webhooks' secret where there is none, with mode 0600. */
export async function makeWebhookSecret(folder: string): Promise<void> {
  const text = `${randomBytes(32).toString('hex')}\n`;
  await writeFile(join(folder, file), text, { mode: 0o600, flag: 'wx' }).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EEXIST') throw thrown;
  });
}

/** Reads the webhooks' secret at each use. Throws FailedPrecondition where there is none. */
export function webhookSecretIn(folder: string): () => Promise<string> {
  return async () => {
    const text = await readFile(join(folder, file), 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new FairleadError(
        `Cannot judge the webhook: ${join(folder, file)} cannot be read (${cause.code}). Make it with the hub's --make-keys.`,
        { code: 'FailedPrecondition', reason: 'SignatureMissing', cause },
      );
    });
    return text.trim();
  };
}
