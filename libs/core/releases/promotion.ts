import {
  splitApplicationId,
  type ApplicationId,
  type CommitSha,
  type Digest,
  type EnvironmentName,
  type ReleaseFile,
} from '@fairlead/core/model';
import type { ReleaseRef } from './candidate.ts';

/** The ledger file that is there now, and how its rollout stands. */
export interface Before {
  readonly file: ReleaseFile;
  /** The commit of its promotion. */
  readonly attempt: CommitSha;
  readonly over: boolean;
}

/** Where a release is promoted to, and who wrote what it brings. */
export interface Place {
  readonly authors?: readonly { readonly name: string; readonly email: string }[] | undefined;
  readonly application: ApplicationId;
  readonly environment: EnvironmentName;
  readonly before?: Before;
}

/**
 * The ledger file of a promotion. `fallback` is the promotion before it if its rollout was over, else that one's own;
 * a halt goes with the release that it was about, holds and rejections stay.
 */
export function promotedFile(release: ReleaseRef, { application, environment, before, authors }: Place): ReleaseFile {
  const { team, name } = splitApplicationId(application);
  const fallback = before === undefined ? undefined : before.over ? before.attempt : before.file.spec.fallback;
  const { hold, rejected } = before?.file.spec ?? {};
  return {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'Release',
    metadata: { name, team, environment },
    spec: {
      version: release.version,
      digest: release.digest,
      definition: { ...release.definition },
      sources: { ...release.sources },
      renderer: { ...release.renderer },
      ...(authors === undefined ? {} : { authors: authors.map((one) => ({ ...one })) }),
      ...(fallback === undefined ? {} : { fallback }),
      ...(hold === undefined ? {} : { hold }),
      ...(rejected === undefined ? {} : { rejected }),
    },
  };
}

/**
 * The ledger file of a rollback: the release of `fallback`, with the bad one in `rejected`, and the same fallback, since
 * the bad one did not complete its rollout.
 */
export function rolledBackFile(
  bad: ReleaseFile,
  { fallback, reason }: { fallback: ReleaseFile; reason: string },
): ReleaseFile {
  const { version, digest, definition, sources, renderer, authors } = fallback.spec;
  const { halted: _halted, authors: _authors, rejected = [], ...kept } = bad.spec;
  return {
    ...bad,
    spec: {
      ...kept,
      version,
      digest,
      definition,
      sources,
      renderer,
      ...(authors === undefined ? {} : { authors }),
      rejected: withRejected(rejected, { digest: bad.spec.digest, reason }),
    },
  };
}

function withRejected(
  rejected: readonly { digest: Digest; reason: string }[],
  one: { digest: Digest; reason: string },
) {
  return [...rejected.filter(({ digest }) => digest !== one.digest), one];
}
