import { buildBundle, valueDigest, type Bundle } from '@fairlead/core/bundle';
import { parseManifests, readValues } from '@fairlead/core/documents';
import { compileRules } from '@fairlead/core/health';
import {
  applicationId,
  FairleadError,
  isDigest,
  isVerification,
  namespaceOf,
  pathOf,
  type Application,
  type ApplicationId,
  type Digest,
  type KubeObject,
  type JsonObject,
} from '@fairlead/core/model';
import { mergeValues, type RenderInputs } from '@fairlead/core/placement';
import type { Patcher, RenderedText, Renderer, RendererKind } from '@fairlead/ports/renderer';
import type { FileTree } from '@fairlead/ports/source';
import type { Store } from '@fairlead/ports/store';
import { allowedByTeam, canVerify, checkTargets, sameBundle, type TeamBounds } from './checks.ts';
import type { FileKeeper, PinnedSource } from './files.ts';

/** One render: a release, for the clusters whose inputs are equal. */
export interface RenderRequest {
  /** The definition that the release pins. */
  readonly definition: Application;
  readonly sources: Readonly<Record<string, PinnedSource>>;
  /** Version by renderer's name, as the release pins it. */
  readonly renderer: Readonly<Record<string, string>>;
  /** After overrides and variables. */
  readonly inputs: RenderInputs;
  /** Counts for Helm only. */
  readonly kubernetesVersion: string;
  readonly team: TeamBounds;
}

/** What rendering needs. */
export interface RenderPorts {
  readonly renderers: readonly Renderer[];
  readonly patcher: Patcher;
  readonly store: Store;
  readonly files: FileKeeper;
}

/** Renders releases into bundles, each distinct input once. */
export interface BundleMaker {
  /** Digest of the bundle, whose blobs are in the store by then. Throws `FairleadError`; a failure is not remembered. */
  bundleFor(request: RenderRequest): Promise<Digest>;
  /** Renderers and versions that a new release of these files takes: what the ledger pins. */
  renderersFor(definition: Application, files: FileTree): Promise<Readonly<Record<string, string>>>;
}

const names: Readonly<Record<RendererKind, string>> = { Plain: 'plain', Kustomize: 'kustomize', Helm: 'helm' };

/** Keeps what was rendered as facts `bundle:INPUT` beside the blobs, so that a restart renders nothing again. */
export function makeBundles(ports: RenderPorts): BundleMaker {
  const running = new Map<string, Promise<Digest>>();
  return {
    bundleFor(request) {
      const key = inputKey(request);
      let render = running.get(key);
      if (!render) {
        render = remembered(ports, key)
          .then((digest) => digest ?? renderAndKeep(ports, { request, key }))
          .finally(() => running.delete(key));
        running.set(key, render);
      }
      return render;
    },
    async renderersFor(definition, files) {
      const kind = kindOf(definition, files);
      const pinned: Record<string, string> = {
        [names[kind]]: await newest(
          ports.renderers.find((one) => one.kind === kind),
          names[kind],
        ),
      };
      if (hasPatches(definition)) pinned['kustomize'] ??= await newest(ports.patcher, 'kustomize');
      return pinned;
    },
  };
}

/** Everything that the bundle depends on; Kubernetes' version only where Helm sees it. */
function inputKey({ definition, sources, renderer, inputs, kubernetesVersion, team }: RenderRequest): string {
  const { sync, ignore, health } = definition.spec;
  const digests = Object.fromEntries(Object.entries(sources).map(([name, pinned]) => [name, pinned.digest]));
  const version = renderer['helm'] === undefined ? '' : kubernetesVersion;
  return valueDigest({
    application: idOf(definition),
    sync,
    ignore,
    health,
    digests,
    renderer,
    inputs,
    version,
    team,
  });
}

/** The bundle of an earlier render of these inputs, as long as its blobs are kept; undefined where there is none. */
export function keptBundle(store: Store, request: RenderRequest): Promise<Digest | undefined> {
  return remembered({ store }, inputKey(request));
}

async function remembered({ store }: Pick<RenderPorts, 'store'>, key: string): Promise<Digest | undefined> {
  const digest = (await store.fact(`bundle:${key}`))?.['digest'];
  if (typeof digest !== 'string' || !isDigest(digest)) return undefined;
  return (await store.missingBlobs([digest])).length === 0 ? digest : undefined;
}

/** Render, check, keep: nothing is written unless every step went well. */
async function renderAndKeep(
  ports: RenderPorts,
  { request, key }: { request: RenderRequest; key: string },
): Promise<Digest> {
  const files = await treeOf(ports, request.sources);
  const bundle = await renderOnce(ports, request, files);
  if (request.renderer['plain'] === undefined) sameBundle(bundle, await renderOnce(ports, request, files));
  const missing = new Set(await ports.store.missingBlobs([bundle.digest, ...bundle.blobs.keys()]));
  const secrets = new Set(
    bundle.index.objects.filter((one) => one.key.kind === 'Secret' && one.key.group === '').map((one) => one.digest),
  );
  const blobs = [...bundle.blobs, [bundle.digest, bundle.indexBytes] as const].filter(([digest]) =>
    missing.has(digest),
  );
  await ports.store.write([
    ...blobs.map(([digest, data]) => ({ put: 'blob' as const, row: { digest, data, secret: secrets.has(digest) } })),
    { put: 'fact', key: `bundle:${key}`, value: { digest: bundle.digest } },
  ]);
  return bundle.digest;
}

/** `main` at the root; what other sources give lies in `.sources/NAME`. */
async function treeOf({ files }: RenderPorts, sources: RenderRequest['sources']): Promise<FileTree> {
  const main = sources['main'];
  if (!main) {
    throw new FairleadError(
      'Cannot render: the application has no source named `main`. Name the one that holds the manifests `main`.',
      { code: 'InvalidInput', reason: 'InvalidDocument' },
    );
  }
  const others = Object.entries(sources).filter(([name]) => name !== 'main');
  if (others.length === 0) return files.files(main);
  const tree = new Map(await files.files(main));
  for (const [name, pinned] of others) {
    for (const [path, file] of await files.files(pinned)) tree.set(`.sources/${name}/${path}`, file);
  }
  return tree;
}

async function renderOnce(ports: RenderPorts, request: RenderRequest, files: FileTree): Promise<Bundle> {
  const { definition, inputs, team } = request;
  const application = idOf(definition);
  try {
    const texts = await patched(ports, request, await rendered(ports, { request, files }));
    const objects = texts.flatMap(({ origin, text }) =>
      parseManifests(text, { file: origin }).map((one): KubeObject => one.object),
    );
    checkTargets(objects, inputs.patches);
    allowedByTeam(objects, team);
    const { sync, ignore, health } = definition.spec;
    // What no agent could read must not reach one.
    compileRules(health);
    const bundle = buildBundle({
      application,
      namespace: namespaceOf(definition),
      serviceAccount: team.serviceAccount,
      sync,
      ignore,
      health,
      objects,
    });
    if (isVerification(application)) canVerify(bundle, inputs.path);
    return bundle;
  } catch (thrown) {
    if (!(thrown instanceof FairleadError)) throw thrown;
    const { code, reason, retry, cause } = thrown;
    throw new FairleadError(thrown.message, {
      code,
      reason,
      retry,
      cause,
      subject: { ...thrown.subject, application },
    });
  }
}

async function rendered(
  ports: RenderPorts,
  { request, files }: { request: RenderRequest; files: FileTree },
): Promise<readonly RenderedText[]> {
  const { definition, inputs, renderer, kubernetesVersion } = request;
  const kind =
    (Object.keys(names) as RendererKind[]).find(
      (one) => one === (definition.spec.render ?? detect(files, inputs.path)),
    ) ?? 'Plain';
  const adapter = ports.renderers.find((one) => one.kind === kind);
  const version = renderer[names[kind]] ?? (await unpinned(adapter, definition));
  if (!adapter || version === undefined) {
    throw new FairleadError(
      `Cannot render ${inputs.path} with ${names[kind]}: the release pins ${Object.keys(renderer).join(', ')} only. Promote a new release.`,
      { code: 'FailedPrecondition', reason: 'RendererMissing' },
    );
  }
  const { valueFiles = [] } = inputs;
  if (kind !== 'Helm' && (valueFiles.length > 0 || Object.keys(inputs.values).length > 0)) {
    throw new FairleadError(
      `Cannot render ${inputs.path}: \`values\` are for Helm, and this is ${names[kind]}. Use \`patches\` or \`components\`.`,
      { code: 'InvalidInput', reason: 'RenderFailed' },
    );
  }
  if (inputs.path !== '.' && ![...files.keys()].some((path) => path.startsWith(`${inputs.path}/`))) {
    throw new FairleadError(
      `Cannot render ${inputs.path}: the source has no such folder. Check \`path\` and \`root\`.`,
      { code: 'NotFound', reason: 'SourceNotFound', subject: { field: 'path' } },
    );
  }
  const values = [...valueFiles.map((path) => valuesAt(files, path)), inputs.values].reduce(mergeValues, {});
  return adapter.render({ files, ...inputs, values, kubernetesVersion, version });
}

function valuesAt(files: FileTree, path: string): JsonObject {
  const file = files.get(path);
  if (file !== undefined) return readValues(Buffer.from(file.bytes).toString(), path);
  throw new FairleadError(
    `Cannot render with the values of ${path}: the sources have no such file. Check \`valueFiles\`, and \`root\` of the source; what another source gives lies in .sources/NAME.`,
    { code: 'NotFound', reason: 'SourceNotFound', subject: { field: 'valueFiles' } },
  );
}

/** A release pins what renders its own folder; a verification's may lie beside it as plain manifests, which need no tool. */
async function unpinned(adapter: Renderer | undefined, definition: Application): Promise<string | undefined> {
  if (adapter?.kind !== 'Plain' || !isVerification(idOf(definition))) return undefined;
  return (await adapter.versions())[0];
}

async function patched(
  { patcher }: RenderPorts,
  { inputs, renderer }: RenderRequest,
  texts: readonly RenderedText[],
): Promise<readonly RenderedText[]> {
  if (inputs.patches.length === 0) return texts;
  const text = await patcher.patch(texts.map((one) => one.text).join('\n---\n'), {
    patches: inputs.patches,
    version: renderer['kustomize'] ?? '',
  });
  return [{ origin: 'patches', text }];
}

/** What the folder says of itself. */
function detect(files: FileTree, path: string): RendererKind {
  const has = (name: string): boolean => files.has(path === '.' ? name : `${path}/${name}`);
  if (['kustomization.yaml', 'kustomization.yml', 'Kustomization'].some(has)) return 'Kustomize';
  return has('Chart.yaml') ? 'Helm' : 'Plain';
}

function idOf({ spec, metadata }: Application): ApplicationId {
  return applicationId(spec.team, metadata.name);
}

function kindOf(definition: Application, files: FileTree): RendererKind {
  return definition.spec.render ?? detect(files, pathOf(definition));
}

function hasPatches({ spec }: Application): boolean {
  return [spec, ...spec.overrides].some((one) => (one.patches?.length ?? 0) > 0);
}

async function newest(tool: { versions(): Promise<readonly string[]> } | undefined, name: string): Promise<string> {
  const [version] = (await tool?.versions()) ?? [];
  if (version !== undefined) return version;
  throw new FairleadError(
    `Cannot render with ${name}: this hub has no version of it. Install ${name}, or start the hub with its path.`,
    { code: 'FailedPrecondition', reason: 'RendererMissing' },
  );
}
