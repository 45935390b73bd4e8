import { FairleadError, pathOf, sourcesOf, urlOf, type Application, type Digest } from '@fairlead/core/model';
import type { RenderInputs } from '@fairlead/core/placement';
import type { FileTree } from '@fairlead/ports/source';
import type { TeamBounds } from './checks.ts';
import type { FileKeeper, PinnedSource } from './files.ts';
import type { BundleMaker } from './render.ts';
import type { SourceWatcher } from './watcher.ts';
import { sourceKey } from './wanted.ts';

/** What the head of an application would be released with: everything of a release but the definition. */
export interface Resolved {
  /** For people: the chart's version, else the tag that was found, else 12 digits of the main revision. */
  readonly version: string;
  readonly sources: Readonly<Record<string, { readonly revision: string; readonly digest: Digest }>>;
  readonly renderer: Readonly<Record<string, string>>;
}

/** A release to render for one cluster. */
export interface PinnedRender {
  /** The definition that the release pins. */
  readonly definition: Application;
  /** The definition at the head: it says where the pinned revisions are looked for. */
  readonly where: Application;
  readonly release: Pick<Resolved, 'sources' | 'renderer'>;
  readonly inputs: RenderInputs;
  readonly kubernetesVersion: string;
  readonly team: TeamBounds;
}

/** The sources role, as the planner sees it. */
export interface Releases {
  /** Throws `FairleadError`: why the sources cannot be released now. */
  resolve(application: Application): Promise<Resolved>;
  bundleFor(request: PinnedRender): Promise<Digest>;
}

/** Joins what is followed, what is kept and what renders. */
export function releasesFrom(parts: {
  readonly watcher: SourceWatcher;
  readonly files: FileKeeper;
  readonly bundles: BundleMaker;
}): Releases {
  return {
    async resolve(application) {
      const pinned = pinnedSources(parts.watcher, application);
      const main = pinned['main'];
      if (!main) throw noMain(application);
      const tree = await parts.files.files(main);
      const renderer = await parts.bundles.renderersFor(application, tree);
      const chart = renderer['helm'] === undefined ? undefined : chartVersion(tree, application);
      const found = parts.watcher.state(sourceKey(main.source, main.team))?.version;
      return {
        version: chart ?? found ?? main.revision.slice(0, 12),
        sources: Object.fromEntries(
          Object.entries(pinned).map(([name, { revision, digest }]) => [name, { revision, digest }]),
        ),
        renderer,
      };
    },
    bundleFor({ definition, where, release, ...rest }) {
      const places = sourcesOf(where);
      const { team } = definition.spec;
      const sources = Object.entries(release.sources).map(([name, pinned]): [string, PinnedSource] => {
        const source = places[name] ?? sourcesOf(definition)[name];
        if (!source) throw noMain(definition);
        return [name, { ...pinned, source, url: urlOf(source), team }];
      });
      return parts.bundles.bundleFor({
        definition,
        sources: Object.fromEntries(sources),
        renderer: release.renderer,
        ...rest,
      });
    },
  };
}

/** Each source at the state that was seen last; a problem counts only where nothing good was ever seen. */
function pinnedSources(watcher: SourceWatcher, application: Application): Record<string, PinnedSource> {
  const { team } = application.spec;
  const pinned: Record<string, PinnedSource> = {};
  for (const [name, source] of Object.entries(sourcesOf(application))) {
    const { revision, digest, problem } = watcher.state(sourceKey(source, team)) ?? {};
    if (revision === undefined || digest === undefined) throw problem ?? notSeen(urlOf(source));
    pinned[name] = { source, url: urlOf(source), team, revision, digest };
  }
  return pinned;
}

function notSeen(url: string): FairleadError {
  return new FairleadError(`Cannot release from ${url}: it has not been fetched yet.`, {
    code: 'Unavailable',
    reason: 'SourceUnavailable',
    retry: 'backoff',
    subject: { file: url },
  });
}

function noMain({ metadata }: Application): FairleadError {
  return new FairleadError(
    `Cannot render ${metadata.name}: a source that the release names is not in its definition any more. Name the one that holds the manifests \`main\`.`,
    {
      code: 'FailedPrecondition',
      reason: 'SourceNotFound',
      subject: { application: metadata.name },
    },
  );
}

/** `version` of the chart at the path, without reading more of YAML than the one line that a chart must have. */
function chartVersion(tree: FileTree, application: Application): string | undefined {
  const path = pathOf(application);
  const chart = tree.get(path === '.' ? 'Chart.yaml' : `${path}/Chart.yaml`);
  return chart && /^version:\s*["']?([^\s"'#]+)/m.exec(new TextDecoder().decode(chart.bytes))?.[1];
}
