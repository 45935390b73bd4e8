import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentialsIn } from '@fairlead/adapters/credentials';
import { gitSourceAdapter, openGitRepository, type GitRepository, type GitSourceAdapter } from '@fairlead/adapters/git';
import type { Fleet } from '@fairlead/core/model';
import type { SourceCredentials } from '@fairlead/ports/source';
import { secretFor } from '@fairlead/shell/sources';
import type { HubOptions } from './options.ts';

/** Everything of the hub that speaks git. */
export interface GitParts {
  readonly repository: GitRepository;
  readonly sources: GitSourceAdapter;
  /** Credentials for a source by the Fleet document in force; undefined where it names none. */
  credentials(wanted: { readonly url: string; readonly team: string }): Promise<SourceCredentials | undefined>;
}

/** Opens the copies of repositories under the data folder; `fleet` tells which document is in force. */
export async function openGit(options: HubOptions, fleet: () => Fleet | undefined): Promise<GitParts> {
  const http = options.gitCaFile === undefined ? {} : { http: { ca: await readFile(options.gitCaFile, 'utf8') } };
  const { passwordFile, username } = options;
  const ownCredentials =
    passwordFile === undefined
      ? {}
      : {
          credentials: async (): Promise<SourceCredentials> => ({
            username,
            password: (await readFile(passwordFile, 'utf8')).trim(),
          }),
        };
  const readSecret = credentialsIn(join(options.dataFolder, 'credentials'));
  return {
    repository: await openGitRepository({
      url: options.fleetUrl,
      branch: options.branch,
      folder: join(options.dataFolder, 'git/fleet'),
      ...http,
      ...ownCredentials,
    }),
    sources: gitSourceAdapter({ folder: join(options.dataFolder, 'git/sources'), ...http }),
    async credentials(wanted) {
      const secret = secretFor(fleet(), wanted);
      return secret === undefined ? undefined : readSecret(secret);
    },
  };
}
