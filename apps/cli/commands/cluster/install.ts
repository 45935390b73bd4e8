import { fromKubeconfig } from '@fairlead/adapters/kube';
import { parseManifests, type Manifest } from '@fairlead/core/documents';
import { asFairleadError, FairleadError, type KubeObject } from '@fairlead/core/model';
import type { ClusterApi, Identity } from '@fairlead/ports/cluster';
import { setTimeout as pause } from 'node:timers/promises';

/** Where an install manifest goes, and who hears of it. */
export interface InstallOptions {
  readonly kubeconfig: string;
  readonly context?: string;
  progress(line: string): void;
}

/** What the user's own credentials apply as; `kubectl apply --server-side` would say `kubectl`. */
const fieldManager = 'fairlead-install';
const self: Identity = { as: 'self' };
/** A custom resource's kind is served a moment after its definition was applied. */
const kindPausesMs = [100, 200, 400, 800, 1_600, 3_200];

/** Applies the manifest's objects in their order by server-side apply. Throws `FairleadError` that names the object. */
export async function install(manifest: string, options: InstallOptions): Promise<void> {
  const manifests = parseManifests(manifest, { file: 'the install manifest' });
  const { api, context } = await fromKubeconfig(options.kubeconfig, {
    userAgent: 'fairlead-cli',
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  try {
    options.progress(`installing the agent by context ${context}`);
    for (const one of manifests) await applyOne(api, one);
    options.progress(`${manifests.length} objects applied`);
  } finally {
    api.close();
  }
}

async function applyOne(api: ClusterApi, { object }: Manifest): Promise<void> {
  for (const ms of [...kindPausesMs, undefined]) {
    try {
      await api.apply(object, { fieldManager, force: true, identity: self });
      if (object.kind === 'CustomResourceDefinition') api.forgetKinds();
      return;
    } catch (thrown) {
      const error = asFairleadError(thrown);
      if (error.reason !== 'KindUnknown' || ms === undefined) throw named(error, object);
      api.forgetKinds();
      await pause(ms);
    }
  }
}

function named(error: FairleadError, { kind, metadata }: KubeObject): FairleadError {
  const object = `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
  const { code, reason, retry, subject } = error;
  return new FairleadError(
    `Cannot install ${object}: ${error.message} The join command may be run again; a new token is made.`,
    { code, reason, retry, subject: { ...subject, object }, cause: error },
  );
}
