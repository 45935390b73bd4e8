import { join } from 'node:path';
import { credentialsIn } from '@fairlead/adapters/credentials';
import { gitSourceAdapter } from '@fairlead/adapters/git';
import { helmRenderer, kustomizePatcher, kustomizeRenderer, plainRenderer } from '@fairlead/adapters/render';
import { instruments, tracedPatcher, tracedRenderer, tracedSource } from '@fairlead/adapters/telemetry';
import { treeDigest } from '@fairlead/core/bundle';
import type { DynamicModule } from '@nestjs/common';
import { httpOf } from '@fairlead/roles/fleet';
import type { Ground } from '@fairlead/roles/ground';
import type { Settings } from '@fairlead/roles/settings';
import { keepInstance, ownerOf } from '@fairlead/shell/instances';
import { onRestored } from '@fairlead/shell/leader';
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
  readonly settings: Pick<
    Settings,
    'dataFolder' | 'keysFolder' | 'credentialsFolder' | 'gitCaFile' | 'pollMs' | 'kustomize' | 'helm'
  >;
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
/** How long no source may be asked: pauses after failures are a minute, and a fetch may take some. */
const lookLimitMs = 600_000;

/** Follows its share of the sources, and renders what is asked for. */
export async function startSourcesRole(
  ground: Ground,
  { settings, webhookSecret }: SourcesParts,
): Promise<SourcesRole> {
  const { store, bus, clock, onProblem, instance, alone, observing } = ground;
  const folder = join(settings.dataFolder, 'git/sources');
  const adapter = gitSourceAdapter({ folder, ...(await httpOf(settings)) });
  const readSecret = credentialsIn(settings.credentialsFolder ?? join(settings.keysFolder, 'credentials'));
  let wanted: Wanted = { sources: [], fleet: { spec: { credentials: [] } } };
  const access = {
    adapters: [tracedSource(adapter)],
    treeDigest,
    async credentials(source: { readonly url: string; readonly team: string }) {
      const secret = secretFor(wanted.fleet, source);
      return secret === undefined ? undefined : readSecret(secret);
    },
  };
  const files = keepFiles(access, { maxBytes: keptFileBytes });
  const watcher = watchSources(
    { ...access, store, clock, keep: files.keep, steps: observing.steps },
    { pollMs: settings.pollMs },
  );
  const rendering = counted(
    renderHere({ files, access, bundles: makeBundles({ ...renderersOf(settings), store, files }) }),
  );
  observing.watch({ name: 'sources', limitMs: lookLimitMs, read: () => watcher.progress() });
  let changed = (): void => undefined;
  const ports = { store, bus, clock, onError: onProblem, steps: observing.steps };
  const presence = await keepInstance(ports, {
    instance,
    role: 'sources',
    ttlMs: aliveMs,
    alone,
    changed: () => changed(),
  });
  const owner = (key: string): string | undefined => ownerOf(key, presence.live());
  const follow = (): void => watcher.follow(wanted.sources.filter(({ key }) => owner(key) === instance));
  const read = oneByOne(async () => {
    wanted = await readWanted(store);
    follow();
  }, onProblem);
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
  const stopRestored = onRestored(ports, () => watcher.begin());
  const stop = hear(ground, { read, check: (url) => void watcher.check(url) });
  await read();
  // Whoever failed for want of this role may go on.
  bus.publish('release', { applications: [] }).catch(onProblem);
  return {
    module: sourcesModule({ secret: webhookSecret, ring: ringer(ground) }),
    rendering,
    async close() {
      stop();
      stopRestored();
      watcher.close();
      await service.close();
      await presence.close();
      adapter.close();
    },
  };
}

/** Runs the work once for each call, one at a time; a failure is the caller's, and told. */
function oneByOne(work: () => Promise<void>, onProblem: (problem: unknown) => void): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    const next = last.then(work);
    last = next.catch(onProblem);
    return next;
  };
}

function renderersOf({ kustomize, helm }: Pick<Settings, 'kustomize' | 'helm'>) {
  return {
    renderers: [plainRenderer(), kustomizeRenderer(kustomize), helmRenderer(helm)].map(tracedRenderer),
    patcher: tracedPatcher(kustomizePatcher(kustomize)),
  };
}

/** What is followed changes with the fleet, and a push is a reason to ask at once. Returns how to stop. */
function hear(
  { bus, onProblem }: Pick<Ground, 'bus' | 'onProblem'>,
  { read, check }: { readonly read: () => Promise<void>; readonly check: (url: string) => void },
): () => void {
  const stops = [
    bus.subscribe('fleet', read, { lost: () => void read().catch(onProblem) }),
    bus.subscribe('pushed', ({ urls }) => {
      for (const url of urls) check(url);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Tells all instances of a push. */
function ringer({ bus, onProblem }: Pick<Ground, 'bus' | 'onProblem'>): (urls: readonly string[]) => void {
  return (urls) => void bus.publish('pushed', { urls }).catch(onProblem);
}

/** Counts what is asked for: what is not rendered for it was found. */
function counted(rendering: Rendering): Rendering {
  return {
    describe: (asked) => rendering.describe(asked),
    render(asked) {
      instruments().renderRequests.add(1);
      return rendering.render(asked);
    },
    changes: (asked) => rendering.changes(asked),
  };
}
