import { FairleadError, pathOf, sourcesOf, urlOf, type Application, type Digest } from '@fairlead/core/model';
import type { RenderInputs } from '@fairlead/core/placement';
import type { FileTree } from '@fairlead/ports/source';
import { compareSources, rememberCompared, type Compare } from './changes.ts';
import type { TeamBounds } from './checks.ts';
import type { FileKeeper, FilePorts, PinnedSource } from './files.ts';
import type { BundleMaker, RenderRequest } from './render.ts';
import type { Author, SourceState } from './states.ts';
import { sourceKey } from './wanted.ts';

/** What the head of an application would be released with: everything of a release but the definition. */
export interface Resolved {
  /** For people: the chart's version, else the tag that was found, else 12 digits of the main revision. */
  readonly version: string;
  readonly sources: Readonly<Record<string, { readonly revision: string; readonly digest: Digest }>>;
  readonly renderer: Readonly<Record<string, string>>;
}

/** What the head of an application would be released with, and who wrote the revisions of its sources. */
export interface ResolvedHead extends Resolved {
  readonly authors: readonly Author[];
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
  resolve(application: Application): Promise<ResolvedHead>;
  bundleFor(request: PinnedRender): Promise<Digest>;
}

/** A source as it was seen last. */
export interface SeenSource {
  readonly revision: string;
  readonly digest: Digest;
  readonly version?: string;
}

/** An application, and what its sources are at. */
export interface Described {
  readonly application: Application;
  readonly sources: Readonly<Record<string, SeenSource>>;
}

/** What a sources instance does; the answer follows from what is asked alone, whichever instance gives it. */
export interface Rendering {
  /** What a release of these files is called, and which renderers it pins. */
  describe(asked: Described): Promise<Resolved>;
  render(asked: PinnedRender): Promise<Digest>;
  /** What lies between two revisions of a source, for people to read. */
  readonly changes: Compare;
}

/** Joins what was found in sources with what renders, be it in this process or in another. */
export function releasesFrom(parts: {
  readonly state: (key: string) => Promise<SourceState | undefined>;
  readonly rendering: Rendering;
}): Releases {
  return {
    async resolve(application) {
      const { sources, authors } = await seenSources(parts.state, application);
      if (!sources['main']) throw noMain(application);
      return { ...(await parts.rendering.describe({ application, sources })), authors };
    },
    bundleFor: (request) => parts.rendering.render(request),
  };
}

/** Rendering in this process. */
export function renderHere(parts: {
  readonly files: FileKeeper;
  readonly bundles: BundleMaker;
  readonly access: Pick<FilePorts, 'adapters' | 'credentials'>;
}): Rendering {
  return {
    async describe({ application, sources }) {
      const main = sources['main'];
      const source = sourcesOf(application)['main'];
      if (!main || !source) throw noMain(application);
      const { team } = application.spec;
      const tree = await parts.files.files({ ...main, source, url: urlOf(source), team });
      const renderer = await parts.bundles.renderersFor(application, tree);
      const chart = renderer['helm'] === undefined ? undefined : chartVersion(tree, application);
      return {
        version: chart ?? main.version ?? main.revision.slice(0, 12),
        sources: Object.fromEntries(
          Object.entries(sources).map(([name, { revision, digest }]) => [name, { revision, digest }]),
        ),
        renderer,
      };
    },
    render: (request) => parts.bundles.bundleFor(renderRequest(request)),
    changes: rememberCompared(compareSources(parts.access)),
  };
}

/** Finds where the pinned revisions are looked for. Throws SourceNotFound. */
export function renderRequest({ definition, where, release, ...rest }: PinnedRender): RenderRequest {
  const places = sourcesOf(where);
  const { team } = definition.spec;
  const sources = Object.entries(release.sources).map(([name, pinned]): [string, PinnedSource] => {
    const source = places[name] ?? sourcesOf(definition)[name];
    if (!source) throw noMain(definition);
    return [name, { ...pinned, source, url: urlOf(source), team }];
  });
  return { definition, sources: Object.fromEntries(sources), renderer: release.renderer, ...rest };
}

/** Each source at the state that was seen last; a problem counts only where nothing good was ever seen. */
async function seenSources(
  state: (key: string) => Promise<SourceState | undefined>,
  application: Application,
): Promise<{ readonly sources: Record<string, SeenSource>; readonly authors: readonly Author[] }> {
  const { team } = application.spec;
  const sources: Record<string, SeenSource> = {};
  const wrote: Author[] = [];
  for (const [name, source] of Object.entries(sourcesOf(application))) {
    const { revision, digest, version, authors = [], problem } = (await state(sourceKey(source, team))) ?? {};
    if (revision === undefined || digest === undefined) throw problem ?? notSeen(urlOf(source));
    sources[name] = { revision, digest, ...(version === undefined ? {} : { version }) };
    wrote.push(...authors);
  }
  return { sources, authors: wrote };
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
