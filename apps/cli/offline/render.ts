import {
  applicationId,
  FairleadError,
  parseJson,
  type ApplicationId,
  type BundleIndex,
  type ClusterName,
  type Digest,
  type KubeObject,
} from '@fairlead/core/model';
import { asVerification, renderPlan, verificationDefinition } from '@fairlead/core/placement';
import type { Tool } from '@fairlead/adapters/render';
import { memoryStore, type Store } from '@fairlead/ports/store';
import { boundsOf, makeBundles } from '@fairlead/shell/sources';
import { clusterOf, type Assumed } from './cluster.ts';
import type { Fleet } from './fleet.ts';
import { chooseRelease } from './release.ts';
import { readSources } from './sources.ts';
import { renderersOf } from './tools.ts';

/** What to render, and from where. */
export interface RenderOptions {
  readonly folder: string;
  readonly application: ApplicationId;
  readonly environment: string;
  readonly cluster: string;
  readonly assumed: Assumed;
  readonly local: ReadonlyMap<string, string>;
  readonly head: boolean;
  /** The folder of a verification: its bundle is rendered, and not the application's. */
  readonly verification?: string;
  tool(name: 'kustomize' | 'helm'): Promise<Tool>;
  /** Hears of progress, and of what makes this render another one than the hub's. */
  note(line: string): void;
}

/** A bundle with its objects, as the cluster would get it. */
export interface Rendered {
  readonly application: ApplicationId;
  readonly environment: string;
  readonly cluster: string;
  /** The bundle's name. */
  readonly digest: Digest;
  /** The ledger's release, where one was rendered. */
  readonly release?: { readonly digest: Digest; readonly version: string };
  readonly renderer: Readonly<Record<string, string>>;
  readonly sources: Readonly<Record<string, { readonly revision: string; readonly digest: Digest }>>;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** In the order in which they are applied. */
  readonly objects: readonly KubeObject[];
}

/**
 * Renders one application for one cluster from a checkout of the fleet repository, by the code that the hub runs: equal
 * inputs give the hub's digest. Throws `FairleadError`.
 */
export async function renderOffline(fleet: Fleet, options: RenderOptions): Promise<Rendered> {
  const { environment, note, verification } = options;
  checkTarget(fleet, options);
  const cluster = clusterOf(fleet, options.cluster, options.assumed);
  const { definition: pinned, release } = await chooseRelease(fleet, options);
  const definition = verification === undefined ? pinned : verificationDefinition(pinned, verification);
  const made = verification === undefined ? definition : asVerification(definition);
  const sources = await readSources(definition, {
    local: options.local,
    release,
    progress: note,
    differs: (name, { digest, pinned }) =>
      note(`note: source ${name} holds other files (${digest}) than the release pins (${pinned})`),
  });
  const store = memoryStore();
  const maker = makeBundles({ ...renderersOf(options.tool), store, files: sources.files });
  const renderer = release?.spec.renderer ?? (await maker.renderersFor(pinned, sources.main));
  const digest = await maker.bundleFor({
    definition: made,
    sources: sources.pinned,
    renderer,
    ...renderPlan(definition, { environment, cluster }),
    team: boundsOf(definition.spec.team, fleet.documents),
  });
  const { index, objects } = await contentOf(store, digest);
  return {
    application: applicationId(made.spec.team, made.metadata.name),
    environment,
    cluster: cluster.name,
    digest,
    ...(release === undefined ? {} : { release: { digest: release.spec.digest, version: release.spec.version } }),
    renderer,
    sources: Object.fromEntries(
      Object.entries(sources.pinned).map(([name, one]) => [name, { revision: one.revision, digest: one.digest }]),
    ),
    namespace: index.namespace,
    serviceAccount: index.serviceAccount,
    objects,
  };
}

/** Says what makes the render a "what if", and throws NotFound for an environment that nobody defined. */
function checkTarget(fleet: Fleet, { application, environment, cluster, note }: RenderOptions): void {
  const { documents, placement } = fleet;
  if (!documents.environments.has(environment)) {
    const known = [...documents.environments.keys()].join(', ') || 'none';
    throw new FairleadError(
      `Cannot render for ${environment}: the checkout has no such Environment. It has ${known}.`,
      {
        code: 'NotFound',
        reason: 'UnknownReference',
        subject: { environment },
      },
    );
  }
  for (const problem of documents.held.get(application) ?? []) note(`note: held: ${problem.message}`);
  const placed = placement.applications.get(application)?.get(environment) ?? [];
  if (!placed.includes(cluster as ClusterName))
    note(`note: ${environment} does not place ${application} on ${cluster}; this is what it would run there`);
}

async function contentOf(store: Store, digest: Digest): Promise<{ index: BundleIndex; objects: KubeObject[] }> {
  const decoder = new TextDecoder();
  const read = async (digests: readonly Digest[]): Promise<Map<Digest, unknown>> =>
    new Map((await store.blobs(digests)).map((row) => [row.digest, parseJson(decoder.decode(row.data))]));
  const index = (await read([digest])).get(digest) as BundleIndex;
  const blobs = await read(index.objects.map((one) => one.digest));
  return { index, objects: index.objects.map((one) => blobs.get(one.digest) as KubeObject) };
}
