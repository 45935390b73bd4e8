import { valueDigest } from '@fairlead/core/bundle';
import type { FleetDocuments } from '@fairlead/core/documents';
import { FairleadError, type Application, type ApplicationId, type Fleet, type Source } from '@fairlead/core/model';
import type { WantedSource } from './watcher.ts';

/** URL of a source, which never holds credentials. */
export function urlOf(source: Source): string {
  if ('git' in source) return source.git.url;
  return 'helm' in source ? source.helm.repository : source.oci.url;
}

/** Sources of an application by name; `source` is short for `main`. */
export function sourcesOf({ spec }: Application): ReadonlyMap<string, Source> {
  return new Map(Object.entries(spec.sources ?? (spec.source ? { main: spec.source } : {})));
}

/** Names one thing to follow: where to look, and what a render may read of it. Alike sources of one team are asked once. */
export function sourceKey(source: Source, team: string): string {
  if (!('git' in source)) return valueDigest({ source, team });
  const { url, root, path, ref } = source.git;
  return valueDigest({ git: { url, root: root ?? path, ref }, team });
}

/** Everything that the applications of a fleet follow, each once; what a team may not read is left out and named. */
export function wantedSources(documents: FleetDocuments): {
  readonly wanted: readonly WantedSource[];
  readonly problems: readonly FairleadError[];
} {
  const wanted = new Map<string, WantedSource>();
  const problems: FairleadError[] = [];
  for (const [id, application] of documents.applications) {
    const { team } = application.spec;
    for (const source of sourcesOf(application).values()) {
      const url = urlOf(source);
      if (mayRead(documents, { team, url }))
        wanted.set(sourceKey(source, team), { key: sourceKey(source, team), source, url, team });
      else problems.push(forbidden(id, { team, url, file: documents.definedAt.get(id)?.file }));
    }
  }
  return { wanted: [...wanted.values()], problems };
}

/** The team `default` may use every source unless a Team document says otherwise. */
function mayRead({ teams }: FleetDocuments, { team, url }: { team: string; url: string }): boolean {
  const document = teams.get(team);
  if (!document) return team === 'default';
  return document.spec.sources.some((pattern) => globMatches(pattern, url));
}

/** `*` stands for anything; the scheme and the host before it must be whole, so that no other host fits. */
export function globMatches(pattern: string, url: string): boolean {
  const quoted = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${quoted.join('.*')}$`).test(url);
}

function forbidden(
  application: ApplicationId,
  { team, url, file }: { team: string; url: string; file: string | undefined },
): FairleadError {
  return new FairleadError(
    `Cannot follow ${url} for ${application}: team ${team} may not use this source. Add it to \`sources\` of the Team document, or use another.`,
    {
      code: 'PermissionDenied',
      reason: 'TeamForbids',
      subject: { application, ...(file === undefined ? {} : { file }), field: 'spec.source' },
    },
  );
}

/** Name of the secret for a URL and a team: the first entry of the Fleet document that fits both. */
export function secretFor(
  fleet: Fleet | undefined,
  { url, team }: { readonly url: string; readonly team: string },
): string | undefined {
  const found = fleet?.spec.credentials.find(
    ({ match, teams }) => globMatches(match, url) && (teams === undefined || teams.includes(team)),
  );
  return found?.secret;
}
