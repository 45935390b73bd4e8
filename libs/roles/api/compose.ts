import { newToken } from '@fairlead/adapters/pki';
import { FairleadError } from '@fairlead/core/model';
import type { DynamicModule } from '@nestjs/common';
import type { FleetView } from '@fairlead/roles/fleet';
import type { Ground } from '@fairlead/roles/ground';
import type { FleetSettings } from '@fairlead/roles/settings';
import { peopleActions, previewReleases, type Follower, type ReleaseSource } from '@fairlead/shell/planner';
import { followHead, sameRepository, type Compare } from '@fairlead/shell/sources';
import { peoplesActions } from './actions.ts';
import { apiModule, type ApiParts } from './module.ts';
import { readPorts } from './ports.ts';

/** What the api role is made of. */
export interface RoleParts {
  readonly settings: Pick<FleetSettings, 'fleetUrl' | 'branch' | 'pollMs'>;
  readonly fleet: FleetView;
  /** True where nobody else in this process follows the fleet repository. */
  readonly follows: boolean;
  readonly releases: ReleaseSource;
  /** Who knows the history of sources. */
  readonly compare: Compare;
  readonly caPem: string;
  /** `HOST:PORT` that agents dial for enrolment. */
  readonly enrolAt: () => string;
}

/** One instance of the api role. */
export interface ApiRole {
  /** Its listener: REST, watch, health. */
  readonly module: DynamicModule;
  /** Why it cannot answer for the fleet yet. */
  readiness(): Promise<FairleadError | undefined>;
  close(): void;
}

/**
 * Answers from the store and from its own reading of the fleet repository. What people ask for becomes a commit here, by
 * compare-and-swap on the head as the planner's own do: no request waits for whoever leads.
 */
export function startApiRole(ground: Ground, parts: RoleParts): ApiRole {
  const { store, bus, clock, onProblem, observing } = ground;
  const { settings, fleet } = parts;
  const follower = followFleet(ground, parts);
  const ports = readPorts(ground, { fleet, fleetUrl: settings.fleetUrl, problem: follower.problem });
  const readiness = async (): Promise<FairleadError | undefined> => {
    if (fleet.current()) return undefined;
    const [trouble] = await ports.troubles();
    const unread = 'The fleet repository was not read yet.';
    return trouble ?? new FairleadError(unread, { code: 'Unavailable', reason: 'NotSeenYet' });
  };
  observing.needs({ name: 'git', problem: readiness });
  const planner: Follower = {
    refresh: () => fleet.refresh(),
    async plan() {
      bus.publish('head', {}).catch(onProblem);
      await fleet.refresh();
    },
  };
  const plannerPorts = {
    repository: fleet.repository,
    reader: fleet,
    store,
    bus,
    clock,
    signer: { signHead },
    releases: parts.releases,
  };
  const plannerOptions = {
    repositoryUrl: settings.fleetUrl,
    branch: settings.branch,
    author: { name: 'Fairlead hub', email: 'hub@fairlead.invalid' },
  };
  const actions = peopleActions(plannerPorts, { ...plannerOptions, planner });
  const previews = previewReleases(plannerPorts, plannerOptions);
  const people = peoplesActions({
    actions,
    fleet,
    tokens: { store, clock, authority: { newToken } },
    caPem: parts.caPem,
    address: parts.enrolAt,
  });
  return {
    module: apiModule({
      ports: { ...ports, bus, previews, compare: parts.compare },
      actions: people,
      bus,
      readiness,
      onFleet: follower.onRead,
    }),
    readiness,
    close: follower.close,
  };
}

/** Nothing that people ask for is given to a cluster directly. */
function signHead(): never {
  throw new FairleadError('Cannot sign: the api role has no signing key.', {
    code: 'Internal',
    reason: 'InternalError',
  });
}

/** How long nobody may ask the git server: pauses after failures are a minute. */
const lookLimitMs = 300_000;

/** Keeps the reading as new as the planner's: by its bell, and where nobody else does it, by asking the git server. */
function followFleet(
  { bus, clock, onProblem, observing }: Ground,
  { settings, fleet, follows }: RoleParts,
): { problem(): FairleadError | undefined; onRead: ApiParts['onFleet']; close(): void } {
  const listeners = new Set<Parameters<ApiParts['onFleet']>[0]>();
  const tell = (): void => {
    for (const listener of listeners) listener(fleet.current()?.head);
  };
  const refresh = async (): Promise<void> => {
    await fleet.refresh();
    tell();
  };
  const polled = follows
    ? followHead(
        { repository: fleet.repository, clock, changed: refresh, steps: observing.steps },
        { pollMs: settings.pollMs, onProblem: (problem) => problem && onProblem(problem) },
      )
    : undefined;
  if (polled) observing.watch({ name: 'fleet', limitMs: lookLimitMs, read: () => polled.progress() });
  const look = (): void => {
    if (polled) void polled.check();
    else refresh().catch(onProblem);
  };
  const stops = [
    bus.subscribe(
      'fleet',
      ({ head }) => {
        if (fleet.current()?.head !== head) look();
        else tell();
      },
      { lost: look },
    ),
    bus.subscribe('pushed', ({ urls }) => {
      if (polled && urls.some((url) => sameRepository(url, settings.fleetUrl))) look();
    }),
  ];
  return {
    problem: () => polled?.problem(),
    onRead(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      for (const stop of stops) stop();
      polled?.close();
    },
  };
}
