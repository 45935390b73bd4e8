import { definitionContent, releaseDigest } from '@fairlead/core/bundle';
import { releaseKey } from '@fairlead/core/documents';
import {
  FairleadError,
  splitApplicationId,
  type Application,
  type ApplicationId,
  type ReleaseFile,
} from '@fairlead/core/model';
import { fleetOf, usable, type Fleet } from './fleet.ts';
import { filesAtCommit } from './history.ts';

/** What is rendered: the definition, and the ledger's release that it belongs to, unless it is the head's. */
export interface Chosen {
  readonly definition: Application;
  readonly release?: ReleaseFile;
}

/** What to choose from. */
export interface ChooseOptions {
  readonly folder: string;
  readonly application: ApplicationId;
  readonly environment: string;
  /** What the checkout says now, whatever the ledger names. */
  readonly head: boolean;
}

/**
 * The definition that the ledger's release pins, proven by the release's digest; the head's where the ledger names none
 * or `head` asks for it. A ledger file that cannot be read is never passed over. Throws what is wrong with it, NotFound, HistoryIncomplete, and DigestMismatch.
 */
export async function chooseRelease(fleet: Fleet, options: ChooseOptions): Promise<Chosen> {
  const { application, environment, head, folder } = options;
  const now = fleet.documents.applications.get(application);
  const key = releaseKey({ environment, ...splitApplicationId(application) });
  if (!head) usable(fleet, { broken: fleet.ledger.brokenReleases.has(key), file: `${key}.yaml` });
  const release = fleet.ledger.releases.get(key);
  if (release === undefined || head) {
    if (now !== undefined) return { definition: now };
    throw unknown(fleet, application);
  }
  if (now !== undefined && digestWith(now, release) === release.spec.digest) return { definition: now, release };
  const { commit } = release.spec.definition;
  const then = fleetOf(await filesAtCommit(folder, commit)).documents.applications.get(application);
  if (then !== undefined && digestWith(then, release) === release.spec.digest) return { definition: then, release };
  throw new FairleadError(
    `Cannot render the release of ${application} in ${environment}: ${then === undefined ? `${commit} does not define it` : `the definition at ${commit} does not give its digest`}. Check the ledger file, or render what the checkout says now with --head.`,
    { code: 'DataLoss', reason: 'DigestMismatch', subject: { application, environment } },
  );
}

function digestWith(definition: Application, { spec }: ReleaseFile): string {
  const sources = Object.fromEntries(Object.entries(spec.sources).map(([name, { digest }]) => [name, digest]));
  return releaseDigest({ content: definitionContent(definition), sources, renderer: spec.renderer });
}

function unknown({ documents }: Fleet, application: ApplicationId): FairleadError {
  const known = [...documents.applications.keys()].join(', ') || 'none';
  return new FairleadError(
    `Cannot render ${application}: the checkout has no such Application document that can be used. It has ${known}; \`fairlead validate\` tells what is wrong with the others.`,
    { code: 'NotFound', reason: 'NotFound', subject: { application } },
  );
}
