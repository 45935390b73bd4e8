import type { HubKeys } from '@fairlead/adapters/pki';
import { helmRenderer, kustomizePatcher, kustomizeRenderer, plainRenderer } from '@fairlead/adapters/render';
import { treeDigest } from '@fairlead/core/bundle';
import type { FairleadError, Fleet } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';
import {
  peopleActions,
  readFleetRepository,
  startPlanner,
  type FleetReader,
  type PeopleActions,
  type Planner,
} from '@fairlead/shell/planner';
import {
  followHead,
  keepFiles,
  makeBundles,
  releasesFrom,
  renderHere,
  sourceState,
  wantedSources,
  watchSources,
  type HeadFollower,
  type SourceWatcher,
} from '@fairlead/shell/sources';
import type { GitParts } from './git.ts';
import type { HubOptions } from './options.ts';

/** What sources and planner share with the other roles. */
export interface Shared {
  readonly options: HubOptions;
  readonly keys: HubKeys;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly onProblem: (problem: FairleadError) => void;
}

/** The roles sources and planner at work. */
export interface Planning {
  readonly planner: Planner;
  readonly actions: PeopleActions;
  readonly watcher: SourceWatcher;
  readonly head: HeadFollower;
  /** Everything that keeps git from being read or written now. */
  troubles(): readonly FairleadError[];
  close(): Promise<void>;
}

/** How many bytes of fetched files are kept in memory. */
const keptFileBytes = 256 * 1024 * 1024;

/** Follows the fleet repository and its sources, and plans. */
export function startPlanning(shared: Shared, git: GitParts): Planning {
  const { options, store, bus, clock } = shared;
  const files = keepFiles(
    { adapters: [git.sources], credentials: (wanted) => git.credentials(wanted), treeDigest },
    { maxBytes: keptFileBytes },
  );
  const watcher = watchSources(
    {
      adapters: [git.sources],
      store,
      bus,
      clock,
      credentials: (wanted) => git.credentials(wanted),
      keep: files.keep,
      treeDigest,
    },
    { pollMs: options.pollMs },
  );
  const renderers = [plainRenderer(), kustomizeRenderer(options.kustomize), helmRenderer(options.helm)];
  const bundles = makeBundles({ renderers, patcher: kustomizePatcher(options.kustomize), store, files });
  const reader = following(
    readFleetRepository({ repository: git.repository, store }, { branch: `${options.fleetUrl}#${options.branch}` }),
    watcher,
  );
  const ports = {
    repository: git.repository,
    reader,
    store,
    bus,
    clock,
    signer: shared.keys,
    releases: releasesFrom({ state: (key) => sourceState(store, key), rendering: renderHere({ files, bundles }) }),
  };
  const author = { name: 'Fairlead hub', email: 'hub@fairlead.invalid' };
  const settings = { repositoryUrl: options.fleetUrl, branch: options.branch, author };
  const planner = startPlanner(ports, settings);
  const actions = peopleActions(ports, { ...settings, planner });
  const head = followHead(
    { repository: git.repository, clock, changed: () => planner.plan({ head: true, units: [] }) },
    { pollMs: options.pollMs, onProblem: shared.onProblem },
  );
  return {
    planner,
    actions,
    watcher,
    head,
    troubles: () => distinct([head.problem(), ...planner.troubles(), ...watcher.problems()]),
    async close() {
      head.close();
      watcher.close();
      await planner.close();
    },
  };
}

/** Every head that is read says which sources are followed from then on. */
function following(reader: FleetReader, watcher: SourceWatcher): FleetReader {
  return {
    current: reader.current,
    async refresh() {
      const before = reader.current();
      const snapshot = await reader.refresh();
      if (snapshot !== before) watcher.follow(wantedSources(snapshot.documents));
      return snapshot;
    },
  };
}

/** The Fleet document in force. */
export function fleetInForce(planning: Planning | undefined): Fleet | undefined {
  return planning?.planner.current()?.documents.fleet;
}

function distinct(problems: readonly (FairleadError | undefined)[]): FairleadError[] {
  const byMessage = new Map<string, FairleadError>();
  for (const problem of problems) if (problem) byMessage.set(problem.message, problem);
  return [...byMessage.values()];
}
