import { readFile } from 'node:fs/promises';
import { httpChecks } from '@fairlead/adapters/checks';
import { githubForge } from '@fairlead/adapters/forge/github';
import { asFairleadError, FairleadError } from '@fairlead/core/model';
import type { Forge } from '@fairlead/ports/forge';
import type { HeadSigner } from '@fairlead/ports/keys';
import type { Store } from '@fairlead/ports/store';
import type { FleetView } from '@fairlead/roles/fleet';
import type { Ground } from '@fairlead/roles/ground';
import type { FleetSettings } from '@fairlead/roles/settings';
import {
  fencedRepository,
  fencedStore,
  restoredChanges,
  seekLead,
  tellRestored,
  type Lead,
  type Term,
} from '@fairlead/shell/leader';
import {
  keepForAWhile,
  startPlanner,
  writeReport,
  type FleetReader,
  type Planner,
  type ReleaseSource,
} from '@fairlead/shell/planner';
import { announceFleet, followHead, sameRepository, type HeadFollower } from '@fairlead/shell/sources';

/** What the planner role is made of. */
export interface PlannerParts {
  readonly settings: Pick<FleetSettings, 'fleetUrl' | 'branch' | 'forge' | 'checkHosts' | 'pollMs'>;
  readonly fleet: FleetView;
  readonly signer: HeadSigner;
  readonly releases: ReleaseSource;
}

/** One instance of the planner: it leads, or stands by. */
export interface PlannerRole {
  isLeading(): boolean;
  /** What the loop has to do and has done; nothing while it stands by. */
  progress(): { readonly hasWork: boolean; readonly steps: number };
  close(): Promise<void>;
}

/** How long a leader is waited for that died without a word. */
const leaseMs = 10_000;
/** How long a pass may take: renders included, of which one is given up after two minutes. */
const passLimitMs = 900_000;
/** How long nobody may ask the git server: pauses after failures are a minute. */
const lookLimitMs = 300_000;

/** Seeks the lead, and plans while it has it. */
export function startPlannerRole(ground: Ground, parts: PlannerParts): PlannerRole {
  const { store, bus, clock, onProblem, instance, alone, observing } = ground;
  let term: Planning | undefined;
  const candidacy = seekLead(
    { store, bus, clock, onError: onProblem },
    {
      instance,
      ttlMs: leaseMs,
      alone,
      async restored(fence) {
        ground.log.warn({ fence }, 'the store was set back: everything is looked at anew');
        await tellRestored(store, fence);
      },
      begin(lead) {
        ground.log.info({ fence: lead.fence }, 'this planner leads');
        const begun = (term = beginTerm(ground, { ...parts, lead }));
        return {
          async end() {
            term = undefined;
            await begun.end();
            ground.log.info({ fence: lead.fence }, 'this planner leads no more');
          },
        };
      },
    },
  );
  const stop = bus.subscribe('pushed', ({ urls }) => {
    if (urls.some((url) => sameRepository(url, parts.settings.fleetUrl))) void term?.head.check();
  });
  const idle = { hasWork: false, steps: 0 };
  observing.watch({ name: 'lease', limitMs: 6 * leaseMs, read: () => candidacy.progress() });
  observing.watch({ name: 'planner', limitMs: passLimitMs, read: () => term?.planner.progress() ?? idle });
  observing.watch({ name: 'fleet', limitMs: lookLimitMs, read: () => term?.head.progress() ?? idle });
  observing.needs({ name: 'git', problem: () => (term?.planner.current() ? undefined : term?.problem()) });
  observing.state({
    counts: () => store.counts(),
    rollouts: () => term?.planner.states() ?? {},
    planned: () => term?.planner.progress().units ?? 0,
    leading: () => candidacy.isLeading(),
  });
  return {
    isLeading: () => candidacy.isLeading(),
    progress: () => term?.planner.progress() ?? { hasWork: false, steps: 0 },
    async close() {
      stop();
      await candidacy.close();
    },
  };
}

/** A planner at work under one fence. */
interface Planning extends Term {
  readonly planner: Planner;
  readonly head: HeadFollower;
  /** Why the fleet repository was not read yet. */
  problem(): FairleadError;
}

/** Where people are asked, if the hub was told. */
function forgeOf({ forge, fleetUrl, branch }: Pick<FleetSettings, 'fleetUrl' | 'branch' | 'forge'>): {
  readonly forge?: Forge;
} {
  if (forge === undefined) return {};
  const { tokenFile, apiUrl } = forge;
  const token = (): Promise<string> => readFile(tokenFile, 'utf8');
  return {
    forge: githubForge({ repositoryUrl: fleetUrl, branch, token, ...(apiUrl === undefined ? {} : { apiUrl }) }),
  };
}

function beginTerm(ground: Ground, parts: PlannerParts & { readonly lead: Lead }): Planning {
  const { bus, clock, onProblem, observing } = ground;
  const { settings, fleet, lead, signer, releases } = parts;
  const store = observing.noting(fencedStore(ground.store, lead.fence));
  fleet.keepBy((changes) => store.write(changes));
  const report = inOrder(() => tell(), onProblem);
  const planner = startPlanner(
    {
      repository: fencedRepository(fleet.repository, {
        confirm: () => lead.confirm(),
        ttlMs: leaseMs,
        clocks: [() => performance.now(), () => clock.now()],
      }),
      reader: announcing(fleet, { store, said: (head) => void bus.publish('fleet', { head }).catch(onProblem) }),
      store,
      bus,
      hears: () => ground.busProblem() === undefined,
      clock,
      signer,
      releases,
      ...forgeOf(settings),
      checks: httpChecks({ allowed: settings.checkHosts ?? [] }),
      steps: observing.steps,
    },
    {
      repositoryUrl: settings.fleetUrl,
      branch: settings.branch,
      author: { name: 'Fairlead hub', email: 'hub@fairlead.invalid' },
      fence: lead.fence,
      away: () => lead.away(),
      restored: restoredChanges,
      passed: report.ask,
    },
  );
  const head = followHead(
    {
      repository: fleet.repository,
      clock,
      changed: () => planner.plan({ head: true, units: [] }),
      steps: observing.steps,
    },
    {
      pollMs: settings.pollMs,
      onProblem(problem) {
        if (problem) onProblem(problem);
        report.ask();
      },
    },
  );
  const stopRetention = keepForAWhile({ store, clock, onProblem });
  const tell = async (): Promise<void> => {
    const troubles = [head.problem(), ...planner.troubles()].filter((one): one is FairleadError => one !== undefined);
    const at = planner.current()?.head ?? '';
    await writeReport(store, { settled: planner.settled(), troubles, head: at });
  };
  return {
    planner,
    head,
    problem: () => head.problem() ?? notRead(),
    async end() {
      stopRetention();
      head.close();
      await planner.close();
      await report.settled();
      fleet.keepBy(undefined);
    },
  };
}

function notRead(): FairleadError {
  return new FairleadError('The fleet repository was not read yet.', { code: 'Unavailable', reason: 'NotSeenYet' });
}

/** Every head that is read is told to the other roles: what to follow, and that this planner has seen it. */
function announcing(fleet: FleetView, { store, said }: { store: Store; said: (head: string) => void }): FleetReader {
  let announced: string | undefined;
  return {
    current: fleet.current,
    recheck: fleet.recheck,
    async refresh() {
      const snapshot = await fleet.refresh();
      if (snapshot.head !== announced) {
        const { head, documents, ledger } = snapshot;
        await announceFleet(store, { head, documents, epoch: ledger.epoch });
        announced = head;
      }
      said(snapshot.head);
      return snapshot;
    },
  };
}

/** Runs work one at a time; what is asked for meanwhile is one more run. */
function inOrder(
  work: () => Promise<void>,
  onProblem: (problem: unknown) => void,
): { readonly ask: () => void; settled(): Promise<void> } {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    while (again) {
      again = false;
      await work().catch((thrown: unknown) => {
        // Under an old fence there is nothing to tell: the newer leader does.
        if (asFairleadError(thrown).code !== 'Conflict') onProblem(thrown);
      });
    }
  };
  return {
    ask() {
      again = true;
      running ??= run().finally(() => {
        running = undefined;
      });
    },
    settled: () => running ?? Promise.resolve(),
  };
}
