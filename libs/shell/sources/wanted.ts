import { valueDigest } from '@fairlead/core/bundle';
import type { FleetDocuments } from '@fairlead/core/documents';
import { matchesWord, sourcesOf, urlOf, type Fleet, type Source } from '@fairlead/core/model';
import type { WantedSource } from './watcher.ts';

/** Names one thing to follow: where to look, and what a render may read of it. Alike sources of one team are asked once. */
export function sourceKey(source: Source, team: string): string {
  if (!('git' in source)) return valueDigest({ source, team });
  const { url, root, path, ref } = source.git;
  return valueDigest({ git: { url, root: root ?? path, ref }, team });
}

/** Everything that the applications of a fleet follow, each once. What a team may not read is not even asked for. */
export function wantedSources(documents: FleetDocuments): readonly WantedSource[] {
  const wanted = new Map<string, WantedSource>();
  for (const [id, application] of documents.applications) {
    if (documents.held.get(id)?.some((problem) => problem.reason === 'TeamForbids')) continue;
    const { team } = application.spec;
    for (const source of Object.values(sourcesOf(application))) {
      const key = sourceKey(source, team);
      wanted.set(key, { key, source, url: urlOf(source), team });
    }
  }
  return [...wanted.values()];
}

/** Name of the secret for a URL and a team: the first entry of the Fleet document that fits both. */
export function secretFor(
  fleet: { readonly spec: Pick<Fleet['spec'], 'credentials'> } | undefined,
  { url, team }: { readonly url: string; readonly team: string },
): string | undefined {
  const found = fleet?.spec.credentials.find(
    ({ match, teams }) => matchesWord(match, url) && (teams === undefined || teams.includes(team)),
  );
  return found?.secret;
}
