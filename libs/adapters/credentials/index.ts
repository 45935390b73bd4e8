import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FairleadError, isName } from '@fairlead/core/model';
import type { SourceCredentials } from '@fairlead/ports/source';

/**
 * Reads credentials from a folder beside the hub, as a mounted Secret of type basic-auth has them: `NAME/username` and
 * `NAME/password`. Read at each use, so that a rotated one counts at once. Throws `FairleadError` (SourceRejected) that
 * names the secret and the file, never what is in it.
 */
export function credentialsIn(folder: string): (name: string) => Promise<SourceCredentials> {
  return async (name) => {
    if (!isName(name)) throw missing(name, 'its name is no DNS label');
    const [username, password] = await Promise.all([
      readPart(folder, { name, part: 'username' }),
      readPart(folder, { name, part: 'password' }),
    ]);
    if (password === undefined)
      throw missing(name, `there is no file ${name}/password in the credentials folder of the hub`);
    return { username: username ?? 'git', password };
  };
}

async function readPart(folder: string, { name, part }: { name: string; part: string }): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, name, part), 'utf8')).trim();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw missing(name, `${name}/${part} cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function missing(name: string, why: string): FairleadError {
  return new FairleadError(
    `Cannot use the credentials ${name}: ${why}. Put them there, or correct \`credentials\` in the Fleet document.`,
    {
      code: 'FailedPrecondition',
      reason: 'SourceRejected',
      retry: 'backoff',
      subject: { field: 'spec.credentials' },
    },
  );
}
