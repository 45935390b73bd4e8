import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openPostgresStore, openStore } from '@fairlead/adapters/store';
import type { Store } from '@fairlead/ports/store';
import type { StoreChoice } from '@fairlead/roles/settings';

/** How a store is opened. */
interface StoreParts {
  readonly blobKey?: Uint8Array;
  readonly workerUrl?: URL;
}

/** The store of the settings. A role that reads and writes no objects has no key: what it would seal, nobody could open. */
export async function chosenStore(choice: StoreChoice, parts: StoreParts): Promise<Store> {
  const { blobKey: key = new Uint8Array(randomBytes(32)), workerUrl } = parts;
  if (choice.kind === 'postgres') {
    const { url, passwordFile, caFile } = choice;
    return openPostgresStore({
      url,
      key,
      ...(passwordFile === undefined ? {} : { password: (await readFile(passwordFile, 'utf8')).trim() }),
      ...(caFile === undefined ? {} : { ca: await readFile(caFile, 'utf8') }),
    });
  }
  await mkdir(dirname(choice.file), { recursive: true, mode: 0o700 });
  return openStore({ file: choice.file, key, ...(workerUrl ? { workerUrl } : {}) });
}
