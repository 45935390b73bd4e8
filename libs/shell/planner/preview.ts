import { FairleadError, type ClusterName, type Digest } from '@fairlead/core/model';
import type { ReleaseRef } from '@fairlead/core/releases';
import type { Trouble } from '@fairlead/core/rollout';
import { namedOffer, roundAt, type Place } from './actions.ts';
import { decideUnitEntry } from './entry.ts';
import { openWorkshop } from './planner.ts';
import { releaseOf } from './observe.ts';
import type { PlannerOptions, PlannerPorts } from './ports.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import { unitOf, type Unit } from './units.ts';

/** A release that is looked at before it is promoted. */
export interface Preview {
  readonly release: Pick<ReleaseRef, 'digest' | 'version'>;
  /** All clusters that the environment gives the application, sorted. */
  readonly clusters: readonly ClusterName[];
  /** What the release is for some of them: rendered now, where it never was. An error where it cannot be. */
  bundles(clusters: readonly ClusterName[]): Promise<ReadonlyMap<ClusterName, Digest | FairleadError>>;
}

/** Looks at releases before they are promoted. */
export interface Previews {
  /**
   * Without `release` the newest offer, whatever its gates say, or where nothing is offered what the environment has now; `release`
   * is a digest or version that a ledger file named, or that was previewed. Throws NoCandidate.
   */
  of(request: Place & { readonly release?: string }): Promise<Preview>;
}

/** Releases that were looked at last: they may be named by no ledger file yet. */
const keptReleases = 100;

/** Makes previews; nothing is committed, and only renders are kept. */
export function previewReleases(ports: PlannerPorts, options: PlannerOptions): Previews {
  const workshop = openWorkshop(ports, options);
  const kept = new Map<Digest, ReleaseRef>();
  const find = async (snapshot: FleetSnapshot, unit: Unit, word: string | undefined): Promise<ReleaseRef> => {
    const known = word === undefined ? undefined : kept.get(word as Digest);
    if (known !== undefined) return known;
    const round = await roundAt(workshop, snapshot);
    if (word !== undefined) {
      const offer = await namedOffer(round, unit, word);
      if (offer !== undefined) return offer.release;
      throw nothing(unit, `no ledger file of the application named ${word}`);
    }
    const view = await round.observe(unit);
    const about = (await decideUnitEntry(round, view))?.decision.about;
    if (about !== undefined) return about.release;
    if (view.file !== undefined) return releaseOf(view.file);
    throw nothing(unit, 'nothing is offered to it, and it has nothing');
  };
  return {
    async of({ application, environment, release: word }) {
      const snapshot = ports.reader.current() ?? (await ports.reader.refresh());
      const unit = unitOf(application, environment);
      const release = await find(snapshot, unit, word);
      kept.delete(release.digest);
      kept.set(release.digest, release);
      if (kept.size > keptReleases) kept.delete(kept.keys().next().value ?? ('' as Digest));
      return {
        release,
        clusters: [...(snapshot.placement.applications.get(application)?.get(unit.environment) ?? [])].sort(),
        async bundles(clusters) {
          const goals = await workshop.goals.of({ snapshot, unit, release, clusters });
          const bundles = new Map<ClusterName, Digest | FairleadError>();
          for (const [cluster, goal] of goals) {
            if (goal.kind === 'Bundle') bundles.set(cluster, goal.bundle);
            if (goal.kind === 'Unknown') bundles.set(cluster, unrendered(goal.trouble));
          }
          return bundles;
        },
      };
    },
  };
}

function unrendered({ reason, message }: Trouble): FairleadError {
  return new FairleadError(message, { code: 'FailedPrecondition', reason });
}

function nothing({ key, application, environment }: Unit, why: string): FairleadError {
  return new FairleadError(`Cannot plan ${key}: ${why}. See \`fairlead history\` for releases.`, {
    code: 'FailedPrecondition',
    reason: 'NoCandidate',
    subject: { application, environment },
  });
}
