import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGitRepository } from '@fairlead/adapters/git';
import { tracedRepository } from '@fairlead/adapters/telemetry';
import type { SourceCredentials } from '@fairlead/ports/source';
import type { Repository } from '@fairlead/ports/repository';
import type { Change, Store } from '@fairlead/ports/store';
import type { FleetSettings } from '@fairlead/roles/settings';
import { readFleetRepository, type FleetReader } from '@fairlead/shell/planner';

/** The fleet repository as one process sees it: its own copy, read once for all roles in it. */
export interface FleetView extends FleetReader {
  readonly repository: Repository;
  /** Who keeps what was walked in the store from now on: the leader under its fence, or nobody. */
  keepBy(write: Store['write'] | undefined): void;
  close(): void;
}

/** Opens the copy under the data folder; nothing is read yet. */
export async function openFleet(settings: FleetSettings, store: Store): Promise<FleetView> {
  const { fleetUrl: url, branch, dataFolder, passwordFile, signingKeyFile, username } = settings;
  const credentials =
    passwordFile === undefined
      ? {}
      : {
          credentials: async (): Promise<SourceCredentials> => ({
            username,
            password: (await readFile(passwordFile, 'utf8')).trim(),
          }),
        };
  const opened = await openGitRepository({
    url,
    branch,
    folder: join(dataFolder, 'git/fleet'),
    ...(await httpOf(settings)),
    ...credentials,
    ...(signingKeyFile === undefined ? {} : { signingKey: () => readFile(signingKeyFile, 'utf8') }),
  });
  const repository = tracedRepository(opened);
  let write: Store['write'] | undefined;
  const keep = async (changes: readonly Change[]): Promise<boolean> => {
    await write?.(changes);
    return write !== undefined;
  };
  const reader = readFleetRepository({ repository, store }, { branch: `${url}#${branch}`, keep });
  return {
    ...reader,
    repository,
    keepBy(given) {
      write = given;
      // Another leader, or a copy of the store, may have changed what is kept.
      reader.recheck();
    },
    close: () => opened.close(),
  };
}

/** How git servers are trusted. */
export async function httpOf({
  gitCaFile,
}: Pick<FleetSettings, 'gitCaFile'>): Promise<{ readonly http?: { readonly ca: string } }> {
  return gitCaFile === undefined ? {} : { http: { ca: await readFile(gitCaFile, 'utf8') } };
}
