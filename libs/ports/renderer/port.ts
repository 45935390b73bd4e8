import type { JsonObject, Patch } from '@fairlead/core/model';
import type { FileTree } from '@fairlead/ports/source';

/** The renderers by the name that documents use. */
export type RendererKind = 'Plain' | 'Kustomize' | 'Helm';

/** Everything that a render may depend on. */
export interface RenderInput {
  readonly files: FileTree;
  /** Folder from the root of the tree where the render starts. */
  readonly path: string;
  /** Kustomize components to add, as folders from the root of the tree. */
  readonly components: readonly string[];
  /** Values for Helm. */
  readonly values: JsonObject;
  /** Helm's release name and namespace. */
  readonly releaseName: string;
  readonly namespace: string;
  /** Version of the cluster for Helm's capabilities, such as `v1.36.1`. */
  readonly kubernetesVersion: string;
  /** Version of the renderer, one of {@link Renderer.versions}. */
  readonly version: string;
  readonly signal?: AbortSignal;
}

/** A piece of a render: YAML documents, and where they come from, for messages. */
export interface RenderedText {
  /** A file of the tree, or the call of the tool that made it. */
  readonly origin: string;
  readonly text: string;
}

/**
 * Turns files into manifests, as text: a stream of YAML documents. Throws `FairleadError` with reason RenderFailed
 * (the tool's own words, file and line where it names them), RendererMissing or SourceNotFound (no such path).
 * Bounded in time, memory and output; reads nothing outside the tree and reaches no network.
 */
export interface Renderer {
  readonly kind: RendererKind;
  /** Versions at hand, newest first. */
  versions(): Promise<readonly string[]>;
  render(input: RenderInput): Promise<readonly RenderedText[]>;
}

/** Applies strategic-merge and RFC 6902 patches to manifests, alike for all renderers. */
export interface Patcher {
  /** Name and version that a release's `renderer` pins. */
  versions(): Promise<readonly string[]>;
  patch(
    manifests: string,
    request: { readonly patches: readonly Patch[]; readonly version: string; readonly signal?: AbortSignal },
  ): Promise<string>;
}
