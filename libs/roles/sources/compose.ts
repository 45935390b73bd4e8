import { join } from 'node:path';
import { credentialsIn } from '@fairlead/adapters/credentials';
import { gitSourceAdapter } from '@fairlead/adapters/git';
import { helmRenderer, kustomizePatcher, kustomizeRenderer, plainRenderer } from '@fairlead/adapters/render';
import { treeDigest } from '@fairlead/core/bundle';
import type { DynamicModule } from '@nestjs/common';
import { httpOf } from '@fairlead/roles/fleet';
import type { Ground } from '@fairlead/roles/ground';
import type { Settings } from '@fairlead/roles/settings';
import { keepInstance, ownerOf } from '@fairlead/shell/instances';
import {
  keepFiles,
  makeBundles,
  readWanted,
  renderHere,
  secretFor,
  serveRendering,
  watchSources,
  type Rendering,
  type Wanted,
} from '@fairlead/shell/sources';
import { sourcesModule } from './module.ts';

/** What the sources role is made of. */
export interface SourcesParts {
  readonly settings: Pick<Settings, 'dataFolder' | 'keysFolder' | 'gitCaFile' | 'pollMs' | 'kustomize' | 'helm'>;
  /** What git servers sign their webhooks with; read at each use. */
  readonly webhookSecret: () => Promise<string>;
}

/** One instance of the sources role. */
export interface SourcesRole {
  /** Its listener: push notices. */
  readonly module: DynamicModule;
  /** Rendering in this process, for a planner that is in it too. */
  readonly rendering: Rendering;
  close(): Promise<void>;
}

/** How many bytes of fetched files are kept in memory. */
const keptFileBytes = 256 * 1024 * 1024;
/** For how long an instance counts as alive without a word. */
const aliveMs = 15_000;

/** Follows its share of the sources, and renders what is asked for. */
export async function startSourcesRole(
  ground: Ground,
  { settings, webhookSecret }: SourcesParts,
): Promise<SourcesRole> {
  const { store, bus, clock, onProblem, instance, alone } = ground;
  const folder = join(settings.dataFolder, 'git/sources');
  const adapter = gitSourceAdapter({ folder, ...(await httpOf(settings)) });
  const readSecret = credentialsIn(join(settings.keysFolder, 'credentials'));
  let wanted: Wanted = { sources: [], fleet: { spec: { credentials: [] } } };
  const access = {
    adapters: [adapter],
    treeDigest,
    async credentials(source: { readonly url: string; readonly team: string }) {
      const secret = secretFor(wanted.fleet, source);
      return secret === undefined ? undefined : readSecret(secret);
    },
  };
  const files = keepFiles(access, { maxBytes: keptFileBytes });
  const watcher = watchSources({ ...access, store, bus, clock, keep: files.keep }, { pollMs: settings.pollMs });
  const rendering = renderHere({ files, bundles: makeBundles({ ...renderersOf(settings), store, files }) });

  let changed = (): void => undefined;
  const ports = { store, bus, clock, onError: onProblem };
  const presence = await keepInstance(ports, {
    instance,
    role: 'sources',
    ttlMs: aliveMs,
    alone,
    changed: () => changed(),
  });
  const owner = (key: string): string | undefined => ownerOf(key, presence.live());
  const follow = (): void => watcher.follow(wanted.sources.filter(({ key }) => owner(key) === instance));
  let reading: Promise<void> = Promise.resolve();
  const read = (): Promise<void> => {
    const next = reading.then(async () => {
      wanted = await readWanted(store);
      follow();
    });
    reading = next.catch(onProblem);
    return next;
  };
  const service = serveRendering(ports, {
    instance,
    live: () => presence.live(),
    ownerOf: owner,
    rendering,
  });
  changed = () => {
    follow();
    service.lookAll();
  };
  const stops = [
    bus.subscribe('fleet', read, { lost: () => void read().catch(onProblem) }),
    bus.subscribe('pushed', ({ urls }) => {
      for (const url of urls) void watcher.check(url);
    }),
  ];
  await read();
  // Whoever failed for want of this role may go on.
  bus.publish('release', { applications: [] }).catch(onProblem);
  return {
    module: sourcesModule({
      secret: webhookSecret,
      ring: (urls) => void bus.publish('pushed', { urls }).catch(onProblem),
    }),
    rendering,
    async close() {
      for (const stop of stops) stop();
      watcher.close();
      await service.close();
      await presence.close();
      adapter.close();
    },
  };
}

function renderersOf({ kustomize, helm }: Pick<Settings, 'kustomize' | 'helm'>) {
  return {
    renderers: [plainRenderer(), kustomizeRenderer(kustomize), helmRenderer(helm)],
    patcher: kustomizePatcher(kustomize),
  };
}
