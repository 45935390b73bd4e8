import type { ReleaseRef } from '@fairlead/core/releases';
import {
  asFairleadError,
  FairleadError,
  type Application,
  type ClusterName,
  type Digest,
  type Team,
} from '@fairlead/core/model';
import { renderPlan } from '@fairlead/core/placement';
import type { Goal } from '@fairlead/core/rollout';
import type { PlannerPorts, TeamLimits } from './ports.ts';
import type { Pinned } from './pinned.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Unit } from './units.ts';

/** Finds the bundle that a release is for each cluster. */
export interface Goals {
  /** Never throws: what cannot be rendered is a goal of kind Unknown that says why. */
  of(request: GoalRequest): Promise<ReadonlyMap<ClusterName, Goal>>;
}

/** A release, and the clusters that it is for. */
export interface GoalRequest {
  readonly snapshot: FleetSnapshot;
  readonly unit: Unit;
  readonly release: ReleaseRef;
  readonly clusters: readonly ClusterName[];
}

/** How many bundles are remembered by what they were made from. */
const keptBundles = 50_000;

/** Account of applications whose team has no document of its own. */
const defaultServiceAccount = 'fairlead-applier';

/** What a team may touch; without a document (team `default`) everything, under the applier's account. */
export function limitsOf(name: string, team: Team | undefined, secrets: 'Allow' | 'Refuse'): TeamLimits {
  return {
    name,
    serviceAccount: team?.spec.serviceAccount ?? defaultServiceAccount,
    namespaces: team?.spec.namespaces ?? [],
    allowKinds: team?.spec.kinds.allow ?? [],
    denyKinds: team?.spec.kinds.deny ?? [],
    secrets: team?.spec.secrets ?? secrets,
  };
}

/** The limits of a unit's team as the head has them. */
export function teamOf({ documents }: FleetSnapshot, unit: Unit): TeamLimits {
  return limitsOf(unit.team, documents.teams.get(unit.team), documents.fleet?.spec.secrets ?? 'Allow');
}

/**
 * Why nothing may be rendered for the unit's team: it is not `default`, and its document is gone. Without this its
 * applications would be bounded by nothing, and be applied as `fairlead-applier`.
 */
export function teamGone({ documents }: FleetSnapshot, { team }: Unit): FairleadError | undefined {
  if (team === 'default' || documents.teams.has(team)) return undefined;
  return new FairleadError(
    `Cannot render for the team ${team}: no document defines it. Clusters keep what they run; define the team, or move its applications.`,
    { code: 'FailedPrecondition', reason: 'UnknownReference', subject: { object: `Team/${team}` } },
  );
}

/** Renders through the sources role, each distinct input once. */
export function findGoals(ports: Pick<PlannerPorts, 'releases'>, pinned: Pinned): Goals {
  const known = new Map<string, Digest>();
  return {
    async of(request) {
      const { snapshot, unit, release, clusters } = request;
      if (clusters.length === 0) return new Map();
      try {
        const gone = teamGone(snapshot, unit);
        if (gone !== undefined) throw gone;
        const at = { application: unit.application, commit: release.definition.commit };
        const definition = await pinned.definition(snapshot, at);
        const running = new Map<string, Promise<Goal>>();
        const goals = clusters.map(
          async (cluster) => [cluster, await goalOf(cluster, { request, definition, running })] as const,
        );
        return new Map(await Promise.all(goals));
      } catch (thrown) {
        const goal = unknown(thrown);
        return new Map(clusters.map((cluster) => [cluster, goal]));
      }
    },
  };

  async function goalOf(
    cluster: ClusterName,
    {
      request,
      definition,
      running,
    }: { request: GoalRequest; definition: Application; running: Map<string, Promise<Goal>> },
  ): Promise<Goal> {
    try {
      const { snapshot, unit, release } = request;
      const labels = snapshot.placement.labels.get(cluster) ?? {};
      const kubernetesVersion = snapshot.ledger.members.get(cluster)?.spec.kubernetes ?? '';
      const { environment } = unit;
      const { inputs } = renderPlan(definition, { environment, cluster: { name: cluster, labels, kubernetesVersion } });
      const team = teamOf(snapshot, unit);
      const key = JSON.stringify([release.digest, release.definition.commit, inputs, kubernetesVersion, team]);
      const bundle = known.get(key);
      if (bundle !== undefined) return { kind: 'Bundle', bundle };
      const where = snapshot.documents.applications.get(unit.application) ?? definition;
      const render = running.get(key) ?? make(key, { definition, where, release, inputs, kubernetesVersion, team });
      running.set(key, render);
      return await render;
    } catch (thrown) {
      return unknown(thrown);
    }
  }

  async function make(key: string, request: Parameters<PlannerPorts['releases']['bundleFor']>[0]): Promise<Goal> {
    try {
      const bundle = await ports.releases.bundleFor(request);
      known.set(key, bundle);
      if (known.size > keptBundles) known.delete(known.keys().next().value ?? '');
      return { kind: 'Bundle', bundle };
    } catch (thrown) {
      return unknown(thrown);
    }
  }
}

function unknown(thrown: unknown): Goal {
  const { reason, message } = asFairleadError(thrown, { reason: 'RenderFailed' });
  return { kind: 'Unknown', trouble: { reason, message } };
}
